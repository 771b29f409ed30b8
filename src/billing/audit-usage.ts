import { find, joinFindings, type Finding } from "./audit-report.ts";

const dayMs = 86_400_000;
/** Calls and runs a statement looks at, about ten reads each: well below a second. */
const sizePerRead = 10_000;
const rangesPerRead = 500;
const accountsPerRead = 1_000;
/** After every time that JavaScript knows. */
const endOfDays = 100_000_000;

/** Days [from, to) of an account, and what the rollups say happened in them. */
export interface DayRange {
  account: string;
  from: number;
  to: number;
  size: number;
}

const posted =
  "coalesce((SELECT sum(p.charged_delta) FROM receipt_corrections p WHERE p.receipt_id = r.id), 0)";
const newest = "c.id = (SELECT max(p.id) FROM receipt_corrections p WHERE p.receipt_id = r.id)";
const ranges = `WITH ranges AS (
  SELECT b.value ->> 0 AS account, b.value ->> 1 AS first, b.value ->> 2 AS last FROM json_each(?1) b)`;
const receiptsOf = `ranges g CROSS JOIN charge_receipts r ON r.billing_account_id = g.account
  AND r.created_at >= g.first * ${dayMs} AND r.created_at < g.last * ${dayMs}`;
const sums = ["runs", "calls", "charged_credits", "input_tokens", "output_tokens"];
const same = (names: readonly string[]) => names.map((name) => `sum(${name}) = 0`).join(" AND ");
const minus = (names: readonly string[]) => names.map((name) => `-u.${name} AS ${name}`).join(", ");
const plus = (names: readonly string[]) => names.map((name) => `u.${name}`).join(", ");

const wrongDays = `${ranges}
SELECT account || '/day/' || date(day * 86400, 'unixepoch') AS id FROM (
  SELECT account, hour / 24 AS day FROM (
    SELECT g.account, u.hour, u.graph_id, u.model, u.trigger, ${minus(sums.slice(1))}
    FROM ranges g CROSS JOIN usage_hourly u ON u.billing_account_id = g.account
      AND u.hour >= g.first * 24 AND u.hour < g.last * 24
    UNION ALL
    SELECT g.account, r.created_at / 3600000, r.graph_id, r.model, r.trigger, 1, r.charged_credits + ${posted},
      coalesce(c.input_tokens, r.input_tokens), coalesce(c.output_tokens, r.output_tokens)
    FROM ${receiptsOf} LEFT JOIN receipt_corrections c ON ${newest})
  GROUP BY account, hour, graph_id, model, trigger HAVING NOT (${same(sums.slice(1))})
  UNION
  SELECT account, day FROM (
    SELECT g.account, u.day, u.graph_id, u.model, u.trigger, ${minus(sums)}
    FROM ranges g CROSS JOIN usage_daily u ON u.billing_account_id = g.account
      AND u.day >= g.first AND u.day < g.last
    UNION ALL
    SELECT g.account, u.hour / 24, u.graph_id, u.model, u.trigger, ${plus(sums)}
    FROM ranges g CROSS JOIN usage_hourly u ON u.billing_account_id = g.account
      AND u.hour >= g.first * 24 AND u.hour < g.last * 24)
  GROUP BY account, day, graph_id, model, trigger HAVING NOT (${same(sums)}))`;

const unpostedReceipts = `${ranges}
SELECT r.id FROM ${receiptsOf}
WHERE NOT EXISTS (
  SELECT 1 FROM credit_ledger e WHERE e.billing_account_id = r.billing_account_id AND e.reason = 'charge'
    AND e.reference = r.source_system || ':' || r.source_reference
    AND e.amount_credits = -r.charged_credits)`;

const wrongRuns = `${ranges}
SELECT n.id FROM ranges g CROSS JOIN graph_runs n ON n.billing_account_id = g.account
  AND n.created_at >= g.first * ${dayMs} AND n.created_at < g.last * ${dayMs}
WHERE (n.call_count, n.charged_credits, n.input_tokens, n.output_tokens) IS NOT (
  SELECT count(*), coalesce(sum(r.charged_credits + ${posted}), 0),
    coalesce(sum(coalesce(c.input_tokens, r.input_tokens)), 0),
    coalesce(sum(coalesce(c.output_tokens, r.output_tokens)), 0)
  FROM charge_receipts r LEFT JOIN receipt_corrections c ON ${newest} WHERE r.run_id = n.id)`;

/**
 * Receipts, with their corrections, against everything that sums them up: days whose rollups differ from them (by account
 * and UTC day, `…/day/2026-05-04`), receipts without a ledger entry, runs whose totals differ. `since` (ms) leaves out
 * what was called, and runs that began, on earlier days. Each comparison is one statement, so it may run beside writers.
 */
export async function findWrongUsage(db: D1Database, since: number): Promise<Finding> {
  const findings: Finding[] = [];
  for await (const pack of packs(db, Math.floor(since / dayMs))) {
    const asked = JSON.stringify(pack.map(({ account, from, to }) => [account, from, to]));
    for (const select of [wrongDays, unpostedReceipts, wrongRuns]) {
      findings.push(await find(db, select, asked));
    }
  }
  return joinFindings(findings);
}

/** All days of all accounts, in portions that one statement can look at. */
async function* packs(db: D1Database, firstDay: number): AsyncGenerator<DayRange[]> {
  let pack: DayRange[] = [];
  let size = 0;
  for await (const range of rangesFrom(db, firstDay)) {
    if (pack.length === rangesPerRead || (size + range.size > sizePerRead && pack.length > 0)) {
      yield pack;
      pack = [];
      size = 0;
    }
    pack.push(range);
    size += range.size;
  }
  if (pack.length > 0) yield pack;
}

const accountSizes = `
SELECT a.id AS account, coalesce(sum(u.calls + u.runs), 0) AS size
FROM billing_accounts a LEFT JOIN usage_daily u ON u.billing_account_id = a.id AND u.day >= ?2
WHERE a.id > ?1 GROUP BY a.id ORDER BY a.id LIMIT ${accountsPerRead}`;

const daySizes = `
SELECT day, sum(calls + runs) AS size FROM usage_daily
WHERE billing_account_id = ?1 AND day >= ?2 GROUP BY day ORDER BY day`;

async function* rangesFrom(db: D1Database, firstDay: number): AsyncGenerator<DayRange> {
  let after = "";
  for (;;) {
    const { results: accounts } = await db
      .prepare(accountSizes)
      .bind(after, firstDay)
      .all<{ account: string; size: number }>();
    for (const { account, size } of accounts) {
      const whole = { account, from: firstDay, to: endOfDays, size };
      if (size <= sizePerRead) {
        yield whole;
      } else {
        const { results: days } = await db.prepare(daySizes).bind(account, firstDay).all<DaySize>();
        yield* cutDays(whole, days, sizePerRead);
      }
    }
    after = accounts.at(-1)?.account ?? "";
    if (accounts.length < accountsPerRead) return;
  }
}

export interface DaySize {
  day: number;
  size: number;
}

/**
 * Cuts a range before days on which its parts would grow beyond `sizeMax`. No day is left out, also none of which the
 * rollups say that nothing happened: that may be what is wrong.
 */
export function cutDays(
  { account, from, to }: DayRange,
  days: readonly DaySize[],
  sizeMax: number,
): DayRange[] {
  const parts: DayRange[] = [];
  let start = from;
  let size = 0;
  for (const day of days) {
    if (size > 0 && size + day.size > sizeMax && day.day > start) {
      parts.push({ account, from: start, to: day.day, size });
      start = day.day;
      size = 0;
    }
    size += day.size;
  }
  return [...parts, { account, from: start, to, size }];
}
