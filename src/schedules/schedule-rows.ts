import { and, count, desc, eq, lt, or, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { decodeCursor, pageOf } from "../base/paging.ts";
import type { Page, PageWish } from "../base/paging.ts";
import { graphRuns, schedules } from "../db/schema.ts";
import type { RunStatus } from "../ports/run.ts";
import type { ChangedSchedule } from "./change-schedule.ts";
import { fromRow, termColumns } from "./schedule-row.ts";
import type { Schedule } from "./schedule.ts";

/** A schedule as its owner sees it: with its latest run, whether a slot or a person started it. */
export interface ListedSchedule extends Schedule {
  /** Milliseconds since the epoch; null before the first run. */
  lastRunAt: number | null;
  lastStatus: RunStatus | null;
}

// The outer column is spelled out: in a query of one table drizzle writes `id` alone, which would mean the run's.
const latestRun = <Value>(column: "created_at" | "status") =>
  sql<Value>`(SELECT r.${sql.identifier(column)} FROM ${graphRuns} r
    WHERE r.schedule_id = ${schedules}.${sql.identifier(schedules.id.name)}
    ORDER BY r.created_at DESC, r.id DESC LIMIT 1)`;

const listedColumns = {
  schedule: schedules,
  lastRunAt: latestRun<number | null>("created_at"),
  lastStatus: latestRun<RunStatus | null>("status"),
};

export async function countSchedules(db: D1Database, accountId: string): Promise<number> {
  const [row] = await drizzle(db)
    .select({ value: count() })
    .from(schedules)
    .where(eq(schedules.billingAccountId, accountId));
  return row?.value ?? 0;
}

export async function insertSchedule(db: D1Database, schedule: Schedule): Promise<void> {
  const { scheduleId, accountId, virtualKeyId, enabled, nextRunAt, createdAt, updatedAt } =
    schedule;
  await drizzle(db)
    .insert(schedules)
    .values({
      ...termColumns(schedule),
      id: scheduleId,
      billingAccountId: accountId,
      virtualKeyId,
      enabled,
      nextRunAt,
      createdAt,
      updatedAt,
    });
}

/** Null: there is no such schedule of this account. */
export async function readSchedule(
  db: D1Database,
  accountId: string,
  scheduleId: string,
): Promise<ListedSchedule | null> {
  const [row] = await drizzle(db)
    .select(listedColumns)
    .from(schedules)
    .where(owned(accountId, scheduleId));
  return row === undefined ? null : listed(row);
}

/** Newest first. */
export async function listSchedules(
  db: D1Database,
  { accountId, limit, cursor }: PageWish,
): Promise<Page<ListedSchedule>> {
  const after = decodeCursor("schedules", cursor);
  const { id, billingAccountId, createdAt } = schedules;
  const rows = await drizzle(db)
    .select(listedColumns)
    .from(schedules)
    .where(
      and(
        eq(billingAccountId, accountId),
        after === null
          ? undefined
          : or(lt(createdAt, after.at), and(eq(createdAt, after.at), lt(id, after.id))),
      ),
    )
    .orderBy(desc(createdAt), desc(id))
    .limit(limit + 1);
  return pageOf("schedules", rows.map(listed), limit, ({ createdAt: at, scheduleId }) => ({
    at,
    id: scheduleId,
  }));
}

/**
 * Writes what the owner changed. A tick may move or pause the schedule at the same time, so what ticks write is written
 * only where the owner's change decides it too. False: it was changed or deleted since it was read.
 */
export async function updateSchedule(
  db: D1Database,
  { schedule, isRetimed, readAt }: ChangedSchedule,
): Promise<boolean> {
  const { accountId, scheduleId, virtualKeyId, updatedAt } = schedule;
  const { enabled, nextRunAt, pausedReason } = schedule;
  const { meta } = await drizzle(db)
    .update(schedules)
    .set({
      ...termColumns(schedule),
      virtualKeyId,
      updatedAt,
      ...(isRetimed && { enabled, nextRunAt, pausedReason }),
    })
    .where(and(owned(accountId, scheduleId), eq(schedules.updatedAt, readAt)));
  return meta.changes > 0;
}

/** Its runs and receipts stay. False: there is no such schedule of this account. */
export async function deleteSchedule(
  db: D1Database,
  accountId: string,
  scheduleId: string,
): Promise<boolean> {
  const { meta } = await drizzle(db).delete(schedules).where(owned(accountId, scheduleId));
  return meta.changes > 0;
}

function owned(accountId: string, scheduleId: string) {
  return and(eq(schedules.id, scheduleId), eq(schedules.billingAccountId, accountId));
}

function listed(row: {
  schedule: typeof schedules.$inferSelect;
  lastRunAt: number | null;
  lastStatus: RunStatus | null;
}): ListedSchedule {
  return { ...fromRow(row.schedule), lastRunAt: row.lastRunAt, lastStatus: row.lastStatus };
}
