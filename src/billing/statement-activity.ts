import type { Trigger } from "../ports/usage-fact.ts";
import { toIso } from "../base/clock.ts";
import { ApiError } from "../base/errors.ts";
import { bucketStarts, checkTimeZone, lastSevenDays, type Step } from "./activity-buckets.ts";
import { coverRange } from "./cover-range.ts";

export const groupings = ["model", "graphId", "trigger"] as const;
export type Grouping = (typeof groupings)[number];

export interface ActivityFilters {
  graphId?: string | undefined;
  model?: string | undefined;
  trigger?: Trigger | undefined;
}

export interface ActivityWish extends ActivityFilters {
  accountId: string;
  /** Milliseconds; `[from, to)`. Both absent: today and the six days before. */
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
  bucket: number;
  key: string;
  runs: number;
}

const keyColumns = { model: "model", graphId: "graph_id", trigger: "trigger" } as const;

/**
 * What was used over time, from the rollups: the cost does not grow with the number of calls, except for an edge that is
 * no whole hour. Charges and tokens are what is effective now, at the time of the call; a run counts when it ends.
 * Throws `invalid_request` for a range, zone or number of points that cannot be.
 */
export async function activity(db: D1Database, wish: ActivityWish, now: number): Promise<Activity> {
  const { step, timeZone, groupBy } = wish;
  const { from, to } = resolveRange(wish, now);
  const starts = bucketStarts(from, to, step, timeZone);
  const rows = await readUsage(db, wish, bucketRanges(starts, from, to), keyColumns[groupBy]);

  const totals = { ...zero(), runs: 0 };
  const byKey = new Map<string, { spent: number; counts: ActivityCounts[] }>();
  for (const row of rows) {
    const series = byKey.get(row.key) ?? { spent: 0, counts: starts.map(zero) };
    byKey.set(row.key, series);
    const point = series.counts[row.bucket];
    if (point !== undefined) add(point, row);
    add(totals, row);
    totals.runs += row.runs;
    series.spent += row.chargedCredits;
  }
  const series = [...byKey]
    .toSorted(([a, { spent: x }], [b, { spent: y }]) => y - x || (a < b ? -1 : 1))
    .map(([key, { counts }]) => ({
      key,
      points: counts.map((point, index) => ({ at: toIso(starts[index] ?? from), ...point })),
    }));
  return { from: toIso(from), to: toIso(to), step, totals, series };
}

/** Throws `invalid_request` when it is no stretch of time. One end alone means seven times 24 hours from or to it. */
export function resolveRange(
  { from, to, timeZone }: Pick<ActivityWish, "from" | "to" | "timeZone">,
  now: number,
): { from: number; to: number } {
  checkTimeZone(timeZone);
  const weekMs = 7 * 24 * 3_600_000;
  const range =
    from === undefined
      ? to === undefined
        ? lastSevenDays(now, timeZone)
        : { from: to - weekMs, to }
      : { from, to: to ?? from + weekMs };
  if (range.from < range.to) return range;
  throw new ApiError("invalid_request", "`from` must lie before `to`.", {
    issues: [{ path: "from", message: "Must lie before `to`." }],
  });
}

function zero(): ActivityCounts {
  return { chargedCredits: 0, calls: 0, inputTokens: 0, outputTokens: 0 };
}

function add(sum: ActivityCounts, { chargedCredits, calls, inputTokens, outputTokens }: UsageRow) {
  sum.chargedCredits += chargedCredits;
  sum.calls += calls;
  sum.inputTokens += inputTokens;
  sum.outputTokens += outputTokens;
}

type BucketRange = [bucket: number, from: number, to: number];
type BucketRanges = Record<"days" | "hours" | "rest", BucketRange[]>;

function bucketRanges(starts: readonly number[], from: number, to: number): BucketRanges {
  const ranges: BucketRanges = { days: [], hours: [], rest: [] };
  for (const [bucket, start] of starts.entries()) {
    const cover = coverRange(Math.max(from, start), Math.min(to, starts[bucket + 1] ?? to));
    for (const unit of ["days", "hours", "rest"] as const) {
      ranges[unit].push(...cover[unit].map(([a, b]): BucketRange => [bucket, a, b]));
    }
  }
  return ranges;
}

// CROSS JOIN keeps SQLite from turning the loops around: each range is one walk along an index that begins with the
// account and the time.
const usage = (key: string) => `
WITH usage AS (
  SELECT b.value ->> 0 AS bucket, u.graph_id, u.model, u.trigger, u.runs, u.calls, u.charged_credits,
    u.input_tokens, u.output_tokens
  FROM json_each(?2) b CROSS JOIN usage_daily u
    ON u.billing_account_id = ?1 AND u.day >= b.value ->> 1 AND u.day < b.value ->> 2
  UNION ALL
  SELECT b.value ->> 0, u.graph_id, u.model, u.trigger, u.runs, u.calls, u.charged_credits,
    u.input_tokens, u.output_tokens
  FROM json_each(?3) b CROSS JOIN usage_hourly u
    ON u.billing_account_id = ?1 AND u.hour >= b.value ->> 1 AND u.hour < b.value ->> 2
  UNION ALL
  SELECT b.value ->> 0, r.graph_id, r.model, r.trigger, 0, 1,
    r.charged_credits + coalesce((
      SELECT sum(p.charged_delta) FROM receipt_corrections p WHERE p.receipt_id = r.id), 0),
    coalesce(c.input_tokens, r.input_tokens), coalesce(c.output_tokens, r.output_tokens)
  FROM json_each(?4) b CROSS JOIN charge_receipts r
    ON r.billing_account_id = ?1 AND r.created_at >= b.value ->> 1 AND r.created_at < b.value ->> 2
  LEFT JOIN receipt_corrections c
    ON c.id = (SELECT max(p.id) FROM receipt_corrections p WHERE p.receipt_id = r.id)
  UNION ALL
  SELECT b.value ->> 0, r.graph_id, r.model, r.trigger, 1, 0, 0, 0, 0
  FROM json_each(?4) b CROSS JOIN graph_runs r
    ON r.billing_account_id = ?1 AND r.finished_at IS NOT NULL
      AND r.finished_at >= b.value ->> 1 AND r.finished_at < b.value ->> 2
  WHERE r.status <> 'skipped'
)
SELECT bucket, ${key} AS key, sum(runs) AS runs, sum(calls) AS calls, sum(charged_credits) AS chargedCredits,
  sum(input_tokens) AS inputTokens, sum(output_tokens) AS outputTokens
FROM usage
WHERE (?5 IS NULL OR graph_id = ?5) AND (?6 IS NULL OR model = ?6) AND (?7 IS NULL OR trigger = ?7)
GROUP BY bucket, key`;

async function readUsage(
  db: D1Database,
  { accountId, graphId, model, trigger }: ActivityWish,
  ranges: BucketRanges,
  keyColumn: (typeof keyColumns)[Grouping],
): Promise<UsageRow[]> {
  const { results } = await db
    .prepare(usage(keyColumn))
    .bind(
      accountId,
      JSON.stringify(ranges.days),
      JSON.stringify(ranges.hours),
      JSON.stringify(ranges.rest),
      graphId ?? null,
      model ?? null,
      trigger ?? null,
    )
    .all<UsageRow>();
  return results;
}
