import { readUnreconciledRuns } from "../billing/open-runs.ts";
import type { Env } from "../env.ts";
import { visitRuns, type VisitDeps } from "./visit-runs.ts";

/** Twice as long as a run looks at the gateway's log by itself. */
const unreconciledForMs = 2 * 60 * 60_000;

/**
 * Has runs look at the gateway's log once more whose own looks are over and did not see everything: the gateway was down,
 * or an alarm was lost. For the hourly cron.
 */
export async function reconcileStragglers(env: Env, deps: VisitDeps): Promise<void> {
  const startedBefore = deps.clock.now() - unreconciledForMs;
  await visitRuns(
    env,
    deps,
    (after: { id: string } | null, limit) =>
      readUnreconciledRuns(env.DB, { startedBefore, after, limit }),
    (run) => run.reconcile(),
  );
}
