import { z } from "@hono/zod-openapi";
import { toIso } from "../base/clock.ts";
import { catchUpPolicies, overlapPolicies } from "../schedules/schedule.ts";
import type { ListedSchedule } from "../schedules/schedule-rows.ts";
import { parseCadence } from "../schedules/slots.ts";
import {
  configurable,
  displayName,
  graphId,
  isoTime,
  messageText,
  modelId,
  onlyGiven,
  runLimits,
  runStatuses,
  toolIds,
} from "./schemas.ts";

export const nextRunsShown = 5;

export const cadenceRequest = z
  .strictObject({
    cron: z.string().min(1).max(1_000).openapi({
      description: "Five fields: minute hour day month weekday",
      example: "0 9 * * 1-5",
    }),
    timezone: z.string().min(1).max(200).openapi({ example: "Europe/Berlin" }),
  })
  .openapi("CadenceRequest");

const terms = {
  ...cadenceRequest.shape,
  name: displayName,
  graphId,
  message: messageText,
  model: modelId.nullable(),
  configurable,
  toolIds: toolIds.nullable(),
  limits: runLimits,
  overlap: z.enum(overlapPolicies),
  catchUp: z.enum(catchUpPolicies),
  enabled: z.boolean(),
};

export const scheduleRequest = z
  .strictObject({
    ...terms,
    model: terms.model.default(null),
    configurable: terms.configurable.default({}),
    toolIds: terms.toolIds.default(null),
    limits: terms.limits.default({}),
    overlap: terms.overlap.default("skip"),
    catchUp: terms.catchUp.default("one"),
    enabled: terms.enabled.default(true),
  })
  .openapi("ScheduleRequest");

export const scheduleChange = z
  .strictObject(terms)
  .partial()
  .openapi("ScheduleChange")
  .transform(onlyGiven);

export const listedSchedule = z
  .object({
    scheduleId: z.string(),
    ...terms,
    nextRunAt: isoTime.nullable(),
    lastRunAt: isoTime.nullable(),
    lastStatus: z.enum(runStatuses).nullable(),
    pausedReason: z.string().nullable(),
    missedSlots: z.int().min(0),
    createdAt: isoTime,
    updatedAt: isoTime,
  })
  .openapi("ScheduleSummary");

export const scheduleBody = listedSchedule
  .extend({ nextRuns: z.array(isoTime).max(nextRunsShown) })
  .openapi("Schedule");

export function listedScheduleBody(schedule: ListedSchedule): z.input<typeof listedSchedule> {
  const iso = (ms: number | null) => (ms === null ? null : toIso(ms));
  const { accountId: _account, virtualKeyId: _key, ...shown } = schedule;
  return {
    ...shown,
    nextRunAt: iso(schedule.nextRunAt),
    lastRunAt: iso(schedule.lastRunAt),
    createdAt: toIso(schedule.createdAt),
    updatedAt: toIso(schedule.updatedAt),
  };
}

/** With the times of the next slots; none while it is not enabled. */
export function scheduleBodyOf(schedule: ListedSchedule): z.input<typeof scheduleBody> {
  const { cron, timezone, nextRunAt } = schedule;
  const parsed = parseCadence(cron, timezone);
  const nextRuns =
    nextRunAt === null || !parsed.ok ? [] : parsed.cadence.nextSlots(nextRunAt - 1, nextRunsShown);
  return { ...listedScheduleBody(schedule), nextRuns: nextRuns.map(toIso) };
}
