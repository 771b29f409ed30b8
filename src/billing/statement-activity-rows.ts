import { desc, eq, sql, type SQL } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { decodeCursor, pageOf, type Page, type PageWish, type Place } from "../base/paging.ts";
import { chargeReceipts, graphRuns, receiptCorrections } from "../db/schema.ts";
import type { Trigger } from "../ports/usage-fact.ts";
import { joinNewestCorrection, receiptColumns, type ReceiptRow } from "./effective.ts";
import type { ActivityFilters } from "./statement-activity.ts";
import type { RunRow } from "./statement.ts";

/** A receipt with the run that it belongs to. */
export interface ActivityRow extends ReceiptRow {
  run: Pick<RunRow, "status" | "threadId" | "scheduleId" | "scheduledFor" | "createdAt">;
}

export interface ActivityRange extends ActivityFilters {
  accountId: string;
  /** Milliseconds; `[from, to)`. */
  from: number;
  to: number;
}

/** Newest first. A page starts after the receipt where the last one ended, so that new receipts shift nothing. */
export async function activityRows(
  db: D1Database,
  wish: ActivityRange & PageWish,
): Promise<Page<ActivityRow>> {
  const after = decodeCursor("activity", wish.cursor);
  const rows = await readRows(db, wish, after, wish.limit + 1);
  return pageOf("activity", rows, wish.limit, placeOf);
}

/** Rows a read of the CSV takes: some hundred kilobytes, whatever the length of the whole. */
const csvRowsPerRead = 500;

const csvColumns: [name: string, cell: (row: ActivityRow) => string | number | null][] = [
  ["createdAt", (row) => new Date(row.createdAt).toISOString()],
  ["receiptId", (row) => row.id],
  ["runId", (row) => row.runId],
  ["attempt", (row) => row.attempt],
  ["runStatus", (row) => row.run.status],
  ["threadId", (row) => row.run.threadId],
  ["scheduleId", (row) => row.run.scheduleId],
  ["trigger", (row) => row.trigger],
  ["graphId", (row) => row.graphId],
  ["model", (row) => row.model],
  ["provider", (row) => row.provider],
  ["virtualKeyId", (row) => row.virtualKeyId],
  ["sourceSystem", (row) => row.sourceSystem],
  ["usageUnitId", (row) => row.usageUnitId],
  ["provenance", (row) => row.effective.provenance],
  ["settlement", (row) => row.effective.settlement],
  ["inputTokens", (row) => row.effective.inputTokens],
  ["outputTokens", (row) => row.effective.outputTokens],
  ["cacheReadTokens", (row) => row.cacheReadTokens],
  ["cacheWriteTokens", (row) => row.cacheWriteTokens],
  ["reasoningTokens", (row) => row.reasoningTokens],
  ["costUsd", (row) => row.effective.costUsd],
  ["chargedCredits", (row) => row.effective.chargedCredits],
];

/** The same rows as RFC 4180 text with a header line, read page by page as the reader takes them. */
export async function* activityCsv(db: D1Database, range: ActivityRange): AsyncGenerator<string> {
  yield `${csvColumns.map(([name]) => name).join(",")}\r\n`;
  let after: Place | null = null;
  for (;;) {
    const rows: ActivityRow[] = await readRows(db, range, after, csvRowsPerRead);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows
      .map((row) => `${csvColumns.map(([, cell]) => csvCell(cell(row))).join(",")}\r\n`)
      .join("");
    if (rows.length < csvRowsPerRead) return;
    after = placeOf(last);
  }
}

/** Text that a spreadsheet would take for a formula is made text again: some ids come from upstream. */
function csvCell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function placeOf(row: ActivityRow): Place {
  return { at: row.createdAt, id: row.id };
}

/** Every receipt has one of these. */
const triggers: readonly Trigger[] = ["chat", "schedule", "api", "webhook"];

/**
 * Places of the newest matching receipts, read off one index: rows that do not match are never passed over, and a page
 * deep in the list costs what the first one does. The index for each choice of filters ends in (trigger, created_at,
 * id), so without a trigger there are four walks, which SQLite merges as it goes.
 */
function placesOf(range: ActivityRange, after: Place | null, limit: number): SQL {
  const before = after !== null && after.at < range.to ? after : { at: range.to, id: "" };
  const { graphId, model, trigger } = range;
  const walks = (graphId ?? model ?? trigger) === undefined ? [null] : triggers;
  const arms = (trigger === undefined ? walks : [trigger]).map(
    (one) =>
      sql`SELECT created_at, id FROM charge_receipts WHERE ${sql.join(
        [
          sql`billing_account_id = ${range.accountId}`,
          ...(graphId === undefined ? [] : [sql`graph_id = ${graphId}`]),
          ...(model === undefined ? [] : [sql`model = ${model}`]),
          ...(one === null ? [] : [sql`trigger = ${one}`]),
          sql`created_at >= ${range.from} AND (created_at, id) < (${before.at}, ${before.id})`,
        ],
        sql` AND `,
      )}`,
  );
  return sql`${sql.join(arms, sql` UNION ALL `)} ORDER BY created_at DESC, id DESC LIMIT ${limit}`;
}

async function readRows(
  db: D1Database,
  range: ActivityRange,
  after: Place | null,
  limit: number,
): Promise<ActivityRow[]> {
  const { createdAt, id } = chargeReceipts;
  return drizzle(db)
    .select({
      ...receiptColumns,
      run: {
        status: graphRuns.status,
        threadId: graphRuns.threadId,
        scheduleId: graphRuns.scheduleId,
        scheduledFor: graphRuns.scheduledFor,
        createdAt: graphRuns.createdAt,
      },
    })
    .from(chargeReceipts)
    .innerJoin(graphRuns, eq(graphRuns.id, chargeReceipts.runId))
    .leftJoin(receiptCorrections, joinNewestCorrection)
    .where(sql`${id} IN (SELECT id FROM (${placesOf(range, after, limit)}))`)
    .orderBy(desc(createdAt), desc(id));
}
