import { findDeadHolds, findUnsettled } from "./audit-holds.ts";
import { findWrongCaps } from "./audit-caps.ts";
import { findWrongBalances, findWrongEntries } from "./audit-entries.ts";
import { joinFindings, type AuditReport } from "./audit-report.ts";
import { findUnknown, findUnnamed, findZeroCost } from "./audit-receipts.ts";
import { findWrongUsage } from "./audit-usage.ts";

export interface AuditWish {
  /** Milliseconds since the epoch. */
  now: number;
  /** Ids of the models that have a price. */
  paidModels: readonly string[];
  /** Everything, or of the money only what was called or posted lately; the rest is always looked at as a whole. */
  extent: "all" | "recent";
}

const recentMs = 2 * 86_400_000;
const recentEntries = 50_000;

/**
 * Whether the books are in order; every count is 0 where they are. Changes nothing and may run beside everything else:
 * what moves is compared within one statement, and only what never changes is read in pages.
 *
 * `all` reads every receipt, entry, run and rollup, about ten rows a receipt, in statements of a fraction of a second. One
 * invocation may send D1 a thousand statements, enough for two and a half million receipts; beyond, accounts are spread.
 * `recent` reads accounts, runs that have not ended, two to three days of receipts and the newest entries; a fault in
 * something older shows in it only as a balance. Both read what was ever `unknown`, without a cost or without an id
 * through indexes that hold nothing else.
 *
 * Ids in `balanceMismatches` are of accounts, keys, runs and receipts, and places: `<account>/entry/<entry>`,
 * `<account>/day/<UTC day>`, `<account>/spend/<UTC day or month>` and `<receipt>/correction/<n>`.
 */
export async function auditLedger(db: D1Database, wish: AuditWish): Promise<AuditReport> {
  const { now, paidModels, extent } = wish;
  const { unsettledRuns, oldestUnsettledSeconds } = await findUnsettled(db, now);
  return {
    oldestUnsettledSeconds,
    unsettledRuns,
    deadHolds: await findDeadHolds(db),
    unknownReceipts: await findUnknown(db, now),
    zeroCostPaid: await findZeroCost(db, paidModels),
    missingUsageUnitIds: await findUnnamed(db),
    balanceMismatches: joinFindings([
      await findWrongBalances(db),
      await findWrongEntries(db, extent === "all" ? undefined : recentEntries),
      ...(extent === "all" ? [await findWrongCaps(db)] : []),
      await findWrongUsage(db, extent === "all" ? 0 : Math.max(0, now - recentMs)),
    ]),
  };
}
