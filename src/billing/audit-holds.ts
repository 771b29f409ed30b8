import { activeStatuses } from "../db/active-runs.ts";
import { find, joinFindings, type Finding } from "./audit-report.ts";

const minuteMs = 60_000;
/** Nothing drives a pending run yet, and every minute the cron tries to find it a driver. */
const pendingMsMax = 10 * minuteMs;
/**
 * A run may be given an hour (`maxWallSeconds`), and its end, or its recovery, a few minutes more. What it was given D1
 * does not know, so a shorter limit would report runs that are well.
 */
const runningMsMax = 70 * minuteMs;

// The index holds the runs that have not ended; it is named because without it this would be a scan of all runs.
const active = `graph_runs r INDEXED BY graph_runs_active`;
const isActive = `r.status IN ${activeStatuses}`;
const isUnderWay = `${isActive} AND r.status <> 'interrupted' AND r.lease_open = 1`;
/** Only such keys are counted. */
const isCapped =
  "coalesce(k.max_credits, k.max_credits_per_day, k.max_credits_per_month) IS NOT NULL";
const openedAt = "coalesce(r.reopened_at, r.created_at)";

/** Reads the runs that have not ended, two rows each. */
export async function findUnsettled(
  db: D1Database,
  now: number,
): Promise<{ unsettledRuns: Finding; oldestUnsettledSeconds: number }> {
  const oldest = await db
    .prepare(`SELECT min(${openedAt}) AS at FROM ${active} WHERE ${isUnderWay}`)
    .first<{ at: number | null }>();
  const unsettledRuns = await find(
    db,
    `SELECT r.id FROM ${active} WHERE ${isUnderWay}
     AND ${openedAt} < CASE r.status WHEN 'pending' THEN ?1 ELSE ?2 END`,
    now - pendingMsMax,
    now - runningMsMax,
  );
  const oldestMs = now - (oldest?.at ?? now);
  return { unsettledRuns, oldestUnsettledSeconds: Math.max(0, Math.floor(oldestMs / 1_000)) };
}

const accountsInDoubt = `
SELECT a.id FROM billing_accounts a LEFT JOIN (
  SELECT r.billing_account_id AS account, sum(r.held_credits) AS held, count(*) AS runs FROM ${active}
  WHERE ${isUnderWay} GROUP BY r.billing_account_id) h ON h.account = a.id
WHERE a.held_credits <> coalesce(h.held, 0) OR a.active_runs <> coalesce(h.runs, 0)
  OR EXISTS (SELECT 1 FROM virtual_keys k LEFT JOIN (
    SELECT r.virtual_key_id AS key, sum(r.held_credits) AS held FROM ${active}
    WHERE ${isUnderWay} GROUP BY r.virtual_key_id) kh ON kh.key = k.id
    WHERE k.billing_account_id = a.id AND ${isCapped}
      AND k.held_credits <> coalesce(kh.held, 0))
  OR a.id IN (SELECT r.billing_account_id FROM ${active}
    WHERE ${isActive} AND r.status = 'interrupted' AND r.lease_open = 1)`;

const deadLeases = `
SELECT r.id FROM json_each(?1) a CROSS JOIN graph_runs r ON r.billing_account_id = a.value
WHERE r.lease_open = 1 AND r.status NOT IN ('pending', 'running')`;

const accountsWithWrongHolds = `
SELECT a.id FROM billing_accounts a WHERE a.id IN (SELECT value FROM json_each(?1))
  AND (a.held_credits, a.active_runs) IS NOT (
    SELECT coalesce(sum(r.held_credits), 0), count(*) FROM graph_runs r
    WHERE r.billing_account_id = a.id AND r.lease_open = 1)`;

const keysWithWrongHolds = `
SELECT k.id FROM virtual_keys k
WHERE k.billing_account_id IN (SELECT value FROM json_each(?1)) AND ${isCapped}
  AND k.held_credits <> (
    SELECT coalesce(sum(r.held_credits), 0) FROM graph_runs r
    WHERE r.billing_account_id = k.billing_account_id AND r.virtual_key_id = k.id AND r.lease_open = 1)`;

/**
 * Runs that hold a lease and are not under way, and accounts and keys whose held credits are not the sum of their runs'.
 * Reads accounts, keys and the runs that have not ended; all runs only of an account whose figures do not add up. In
 * between things move, which is why the second look decides.
 */
export async function findDeadHolds(db: D1Database): Promise<Finding> {
  const { results } = await db.prepare(accountsInDoubt).all<{ id: string }>();
  if (results.length === 0) return { count: 0, ids: [] };
  const accounts = JSON.stringify(results.map(({ id }) => id));
  const looks = [deadLeases, accountsWithWrongHolds, keysWithWrongHolds];
  return joinFindings(await Promise.all(looks.map((look) => find(db, look, accounts))));
}
