import { type AuditDeps, runAudit } from "../billing/audit-hourly.ts";
import type { Env } from "../env.ts";
import { visitEach, type VisitDeps } from "./visit-runs.ts";

/**
 * The audit of the hour, after which the runs of dead holds are woken: D1 alone never gives a hold back, its RunObject
 * finishes the run, goes on with it or gives the credit back. Throws when D1 is unreachable.
 */
export async function wakeDeadHolds(env: Env, deps: AuditDeps & VisitDeps): Promise<void> {
  const runIds = await runAudit(env, deps);
  await visitEach(env, deps, runIds, async (run) => void (await run.wake()));
}
