import type { InferSelectModel } from "drizzle-orm";
import type { schedules } from "../db/schema.ts";
import type { JsonObject } from "../ports/json.ts";
import type { Schedule, ScheduleTerms } from "./schedule.ts";

export type ScheduleRow = InferSelectModel<typeof schedules>;

/** Rows are written by this folder only, from validated terms, so they are not validated again. */
export function fromRow(row: ScheduleRow): Schedule {
  const { nextRunAt, pausedReason, missedSlots, createdAt, updatedAt } = row;
  const { name, graphId, message, cron, timezone, model, toolIds, overlap, catchUp, enabled } = row;
  return {
    scheduleId: row.id,
    accountId: row.billingAccountId,
    virtualKeyId: row.virtualKeyId,
    name,
    graphId,
    message,
    cron,
    timezone,
    model,
    configurable: row.configurable as JsonObject,
    toolIds,
    limits: row.limits,
    overlap,
    catchUp,
    enabled,
    nextRunAt,
    pausedReason,
    missedSlots,
    createdAt,
    updatedAt,
  };
}

/** The columns that only its owner writes; extra properties of `terms` must not reach a statement. */
export function termColumns(terms: ScheduleTerms) {
  const { name, graphId, message, cron, timezone, model, configurable, toolIds } = terms;
  const { overlap, catchUp } = terms;
  const limits = { ...terms.limits };
  return {
    name,
    graphId,
    message,
    cron,
    timezone,
    model,
    configurable,
    toolIds,
    limits,
    overlap,
    catchUp,
  };
}
