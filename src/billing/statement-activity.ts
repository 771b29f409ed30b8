import type { Trigger } from "../ports/usage-fact.ts";
import { toIso } from "../base/clock.ts";
import { InvalidInput } from "../base/errors.ts";
import { bucketStarts, checkTimeZone, lastSevenDays, type Step } from "./activity-buckets.ts";
import { coverSteps, type Stretch, type Unit } from "./cover-range.ts";

export const groupings = ["model", "graphId", "trigger"] as const;
export type Grouping = (typeof groupings)[number];

export interface ActivityFilters {
  graphId?: string | undefined;
  model?: string | undefined;
  trigger?: Trigger | undefined;
}

export interface ActivityWish extends ActivityFilters {
  accountId: string;
  /** Milliseconds; `[from, to)`. Both absent: today and the six days before; see `resolveRange`. */
  from?: number | undefined;
  to?: number | undefined;
  step: Step;
  /** Decides where days and six hours begin. */
  timeZone: string;
  groupBy: Grouping;
}

export interface ActivityCounts {
  chargedCredits: number;
  calls: number;
  inputTokens: number;
  outputTokens: number;
}

/** Times are ISO 8601 UTC; every series has one point a step, zeros included. */
export interface Activity {
  from: string;
  to: string;
  step: Step;
  totals: ActivityCounts & { runs: number };
  /** The most expensive first. */
  series: { key: string; points: (ActivityCounts & { at: string })[] }[];
}

interface UsageRow extends ActivityCounts {
  stretch: number;
  key: string;
  runs: number;
}

const weekMs = 7 * 24 * 3_600_000;
const keyColumns = { model: "model", graphId: "graph_id", trigger: "trigger" } as const;

/**
 * What was used over time, from the rollups: the cost does not grow with the number of calls, except for an edge that is
 * no whole hour. By day of UTC it is a row for each day and combination of graph, model and trigger that was used; in
 * another zone, besides, one for each hour between its midnights and those of UTC, and where that is no whole hour (as in
 * India) the receipts of half an hour a day. Shorter steps read a row for each hour.
 * Charges and tokens are what is effective now, at the time of the call; a run counts when it ends.
 * Throws `InvalidInput` for a range, zone or number of points that cannot be.
 */
export async function activity(db: D1Database, wish: ActivityWish, now: number): Promise<Activity> {
  const { step, timeZone, groupBy } = wish;
  const { from, to } = resolveRange(wish, now);
  const starts = bucketStarts(from, to, step, timeZone);
  const stretches = coverSteps([from, ...starts.slice(1), to], step === "1d");
  const rows = await readUsage(db, wish, stretches, keyColumns[groupBy]);

  const totals = { ...zero(), runs: 0 };
  const byKey = new Map<string, { spent: number; runs: number; counts: ActivityCounts[] }>();
  for (const row of rows) {
    const series = byKey.get(row.key) ?? { spent: 0, runs: 0, counts: starts.map(zero) };
    byKey.set(row.key, series);
    for (const { step: index, sign } of stretches[row.stretch]?.counts ?? []) {
      const point = series.counts[index];
      if (point !== undefined) add(point, row, sign);
      add(totals, row, sign);
      totals.runs += sign * row.runs;
      series.runs += sign * row.runs;
      series.spent += sign * row.chargedCredits;
    }
  }
  const series = [...byKey]
    // What was read only to be taken away again was not used.
    .filter(([, { runs, counts }]) => runs > 0 || counts.some(({ calls }) => calls > 0))
    .toSorted(([a, { spent: x }], [b, { spent: y }]) => y - x || (a < b ? -1 : 1))
    .map(([key, { counts }]) => ({
      key,
      points: counts.map((point, index) => ({ at: toIso(starts[index] ?? from), ...point })),
    }));
  return { from: toIso(from), to: toIso(to), step, totals, series };
}

/** Throws `InvalidInput` when it is no stretch of time. Without `to` it ends now, with `to` alone it is seven times 24 hours. */
export function resolveRange(
  { from, to, timeZone }: Pick<ActivityWish, "from" | "to" | "timeZone">,
  now: number,
): { from: number; to: number } {
  checkTimeZone(timeZone);
  if (from === undefined && to === undefined) return lastSevenDays(now, timeZone);
  const end = to ?? now;
  const range = { from: from ?? end - weekMs, to: end };
  if (range.from < range.to) return range;
  throw new InvalidInput("`from` must lie before `to`.", [
    { path: "from", message: to === undefined ? "Must lie in the past." : "Must lie before `to`." },
  ]);
}

function zero(): ActivityCounts {
  return { chargedCredits: 0, calls: 0, inputTokens: 0, outputTokens: 0 };
}

function add(sum: ActivityCounts, row: UsageRow, sign: 1 | -1): void {
  sum.chargedCredits += sign * row.chargedCredits;
  sum.calls += sign * row.calls;
  sum.inputTokens += sign * row.inputTokens;
  sum.outputTokens += sign * row.outputTokens;
}

// CROSS JOIN keeps SQLite from turning the loops around: each stretch is one walk along an index that begins with the
// account and the time. Rows of the rollups are summed up here and not there, because D1 counts a row that is sorted for a
// GROUP BY as read twice; single receipts and runs are grouped, being any number.
const usage = (key: string) => `
SELECT b.value ->> 0 AS stretch, u.${key} AS key, u.runs, u.calls, u.charged_credits AS chargedCredits,
  u.input_tokens AS inputTokens, u.output_tokens AS outputTokens
FROM json_each(?2) b CROSS JOIN usage_daily u
  ON u.billing_account_id = ?1 AND u.day >= b.value ->> 1 AND u.day < b.value ->> 2
WHERE ${matches("u")}
UNION ALL
SELECT b.value ->> 0, u.${key}, u.runs, u.calls, u.charged_credits, u.input_tokens, u.output_tokens
FROM json_each(?3) b CROSS JOIN usage_hourly u
  ON u.billing_account_id = ?1 AND u.hour >= b.value ->> 1 AND u.hour < b.value ->> 2
WHERE ${matches("u")}
UNION ALL
SELECT b.value ->> 0, r.${key}, 0, count(*), sum(r.charged_credits + coalesce((
    SELECT sum(p.charged_delta) FROM receipt_corrections p WHERE p.receipt_id = r.id), 0)),
  sum(coalesce(c.input_tokens, r.input_tokens)), sum(coalesce(c.output_tokens, r.output_tokens))
FROM json_each(?4) b CROSS JOIN charge_receipts r
  ON r.billing_account_id = ?1 AND r.created_at >= b.value ->> 1 AND r.created_at < b.value ->> 2
LEFT JOIN receipt_corrections c
  ON c.id = (SELECT max(p.id) FROM receipt_corrections p WHERE p.receipt_id = r.id)
WHERE ${matches("r")}
GROUP BY b.value ->> 0, r.${key}
UNION ALL
SELECT b.value ->> 0, r.${key}, count(*), 0, 0, 0, 0
FROM json_each(?4) b CROSS JOIN graph_runs r
  ON r.billing_account_id = ?1 AND r.finished_at IS NOT NULL
    AND r.finished_at >= b.value ->> 1 AND r.finished_at < b.value ->> 2
WHERE r.status <> 'skipped' AND ${matches("r")}
GROUP BY b.value ->> 0, r.${key}`;

function matches(row: string): string {
  return `(?5 IS NULL OR ${row}.graph_id = ?5) AND (?6 IS NULL OR ${row}.model = ?6)
  AND (?7 IS NULL OR ${row}.trigger = ?7)`;
}

async function readUsage(
  db: D1Database,
  { accountId, graphId, model, trigger }: ActivityWish,
  stretches: readonly Stretch[],
  keyColumn: (typeof keyColumns)[Grouping],
): Promise<UsageRow[]> {
  const rangesOf = (unit: Unit) =>
    JSON.stringify(
      stretches.flatMap((stretch, index) =>
        stretch.unit === unit ? [[index, stretch.from, stretch.to]] : [],
      ),
    );
  const { results } = await db
    .prepare(usage(keyColumn))
    .bind(
      accountId,
      rangesOf("days"),
      rangesOf("hours"),
      rangesOf("rest"),
      graphId ?? null,
      model ?? null,
      trigger ?? null,
    )
    .all<UsageRow>();
  return results;
}
