import { and, asc, desc, eq, gt, gte, inArray, isNotNull, lte, or, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { drizzle } from "drizzle-orm/d1";
import { activeStatuses, isActive } from "../db/active-runs.ts";
import { graphRuns, schedules, virtualKeys } from "../db/schema.ts";
import type { RunStatus } from "../ports/run.ts";
import { refusalsMax } from "./decide.ts";
import type { PreviousRuns } from "./decide.ts";
import type { DueSchedule } from "./find-slots.ts";
import type { ScheduleChange } from "./move-on.ts";
import { fromRow } from "./schedule-row.ts";
import type { Schedule } from "./schedule.ts";

/** The place of a schedule in the order of due schedules. */
export type DuePlace = Pick<DueSchedule, "nextRunAt" | "scheduleId">;

/** Due schedules, longest due first; those after `after`, so that one that stays due is taken once a tick. */
export async function readDuePage(
  db: D1Database,
  now: number,
  after: DuePlace | null,
  limit: number,
): Promise<DueSchedule[]> {
  const { nextRunAt, id } = schedules;
  const rows = await drizzle(db)
    .select({
      schedule: schedules,
      revokedAt: virtualKeys.revokedAt,
      expiresAt: virtualKeys.expiresAt,
    })
    .from(schedules)
    .leftJoin(virtualKeys, eq(virtualKeys.id, schedules.virtualKeyId))
    .where(
      and(
        eq(schedules.enabled, true),
        lte(nextRunAt, now),
        after === null
          ? undefined
          : or(
              gt(nextRunAt, after.nextRunAt),
              and(eq(nextRunAt, after.nextRunAt), gt(id, after.scheduleId)),
            ),
      ),
    )
    .orderBy(asc(nextRunAt), asc(id))
    .limit(limit);
  return rows.flatMap(({ schedule, revokedAt, expiresAt }) => {
    if (schedule.nextRunAt === null) return [];
    const isKeyDead = revokedAt !== null || (expiresAt !== null && expiresAt <= now);
    return { ...fromRow(schedule), nextRunAt: schedule.nextRunAt, isKeyDead };
  });
}

/** Which runs of a schedule a decision is about. */
export interface PreviousQuery {
  scheduleId: string;
  firstRunId: string;
  newestRunId: string;
}

// Written out rather than bound: SQLite uses a partial index only for a condition that it can compare as text.
const isActiveRow = sql`${graphRuns.status} IN ${sql.raw(activeStatuses)}`;

/** Answers in the order of the queries; one round trip. */
export async function readPrevious(
  db: D1Database,
  queries: readonly PreviousQuery[],
): Promise<PreviousRuns[]> {
  const orm = drizzle(db);
  const { id, status, scheduleId, scheduledFor } = graphRuns;
  const found = await inOneBatch(
    orm,
    queries.map((query) =>
      orm
        .select({ runId: id, status, scheduledFor })
        .from(graphRuns)
        .where(
          or(
            inArray(id, [query.firstRunId, query.newestRunId]),
            and(eq(scheduleId, query.scheduleId), isActiveRow),
          ),
        ),
    ),
  );
  return queries.map(({ firstRunId, newestRunId }, index) => {
    const rows = found[index] ?? [];
    const statusOf = (runId: string): RunStatus | null =>
      rows.find((row) => row.runId === runId)?.status ?? null;
    const active = rows.filter((row) => isActive(row.status));
    return { first: statusOf(firstRunId), newest: statusOf(newestRunId), active };
  });
}

/**
 * For each schedule, how many of its latest slots in a row were refused for want of credit, up to `refusalsMax`. Slots
 * before its owner's last change do not count: enabling it again is a new beginning. One round trip.
 */
export async function readRefusals(
  db: D1Database,
  of: readonly Pick<Schedule, "scheduleId" | "updatedAt">[],
): Promise<Map<string, number>> {
  const orm = drizzle(db);
  const { id, status, errorCode, scheduleId, scheduledFor, createdAt } = graphRuns;
  const found = await inOneBatch(
    orm,
    of.map((schedule) =>
      orm
        .select({ status, errorCode })
        .from(graphRuns)
        .where(
          and(
            eq(scheduleId, schedule.scheduleId),
            isNotNull(scheduledFor),
            gte(createdAt, schedule.updatedAt),
          ),
        )
        .orderBy(desc(createdAt), desc(id))
        .limit(refusalsMax),
    ),
  );
  return new Map(
    of.map((schedule, index) => {
      const rows = found[index] ?? [];
      const end = rows.findIndex(
        (row) => row.errorCode !== "insufficient_credits" || row.status !== "skipped",
      );
      return [schedule.scheduleId, end === -1 ? rows.length : end];
    }),
  );
}

/** Each only where its schedule still stands where the tick read it: the loser of a race changes nothing. */
export async function applyChanges(
  db: D1Database,
  changes: readonly ScheduleChange[],
): Promise<void> {
  const orm = drizzle(db);
  const { id, enabled, nextRunAt, missedSlots } = schedules;
  await inOneBatch(
    orm,
    changes.map((change) =>
      orm
        .update(schedules)
        .set({
          nextRunAt: change.nextRunAt,
          missedSlots: sql`${missedSlots} + ${change.missed}`,
          ...(change.pausedReason !== null && {
            enabled: false,
            pausedReason: change.pausedReason,
          }),
        })
        .where(and(eq(id, change.scheduleId), eq(nextRunAt, change.from), eq(enabled, true))),
    ),
  );
}

/** Drizzle's batch needs at least one statement, and D1 a transaction only for some. */
async function inOneBatch<Statement extends BatchItem<"sqlite">>(
  orm: ReturnType<typeof drizzle>,
  statements: readonly Statement[],
): Promise<Statement["_"]["result"][]> {
  const [first, ...rest] = statements;
  return first === undefined ? [] : orm.batch([first, ...rest]);
}
