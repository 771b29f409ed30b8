import type { Clock } from "../base/clock.ts";
import { isId } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { ModelCatalog } from "../ports/model-catalog.ts";
import { findingKinds } from "./audit-report.ts";
import { auditLedger } from "./audit.ts";

export interface AuditDeps {
  clock: Clock;
  log: Log;
  catalogs: { models: ModelCatalog };
}

export function paidModelsOf({ models }: ModelCatalog): string[] {
  return models.filter(({ free }) => !free).map(({ id }) => id);
}

/**
 * The audit of the hour, for the cron: recent movements, and once a day, in the hour after midnight UTC, everything. Logs
 * `audit.found` for each kind of fault, or `audit.clean`. Returns the runs of dead holds, which are to be woken: only
 * their RunObjects know whether to go on, to finish or to give the credit back, D1 alone never releases.
 */
export async function runAudit(env: { DB: D1Database }, deps: AuditDeps): Promise<string[]> {
  const now = deps.clock.now();
  const extent = new Date(now).getUTCHours() === 0 ? "all" : "recent";
  const paidModels = paidModelsOf(deps.catalogs.models);
  const report = await auditLedger(env.DB, { now, paidModels, extent });
  const { oldestUnsettledSeconds } = report;
  const found = findingKinds.filter((kind) => report[kind].count > 0);
  for (const kind of found) {
    const { count, ids } = report[kind];
    deps.log.log("error", "audit.found", { kind, count, ids: ids.join(" "), extent });
  }
  if (found.length === 0) {
    deps.log.log("info", "audit.clean", { oldestUnsettledSeconds, extent });
  }
  return report.deadHolds.ids.filter((id) => isId("run", id));
}
