import { newId } from "../base/ids.ts";
import type { RunCatalogs } from "../run/get-run.ts";
import { planScheduledRun } from "./plan-slot.ts";
import type { Schedule, ScheduleTerms } from "./schedule.ts";
import { parseCadence } from "./slots.ts";

export interface ScheduleProblem {
  ok: false;
  code: "not_found" | "invalid_request";
  path: string;
  message: string;
}

export interface ChangedSchedule {
  ok: true;
  schedule: Schedule;
  /** Whether `enabled`, `nextRunAt` and `pausedReason` follow from this change. */
  isRetimed: boolean;
  /** `updatedAt` of the schedule that was changed. */
  readAt: number;
}

export interface ScheduleOwner {
  accountId: string;
  virtualKeyId: string;
}

/** A new schedule of these terms, its first slot the first after `now`. */
export function createSchedule(
  terms: ScheduleTerms,
  { accountId, virtualKeyId }: ScheduleOwner,
  catalogs: RunCatalogs,
  now: number,
): { ok: true; schedule: Schedule } | ScheduleProblem {
  return timed(
    {
      ...terms,
      scheduleId: newId("schedule"),
      accountId,
      virtualKeyId,
      nextRunAt: null,
      pausedReason: null,
      missedSlots: 0,
      createdAt: now,
      updatedAt: now,
    },
    catalogs,
    now,
  );
}

/**
 * A changed time or a new start counts from now: slots that went by meanwhile are not made up for. From here on the
 * schedule runs on the key of whoever changed it: what that key may not spend, it cannot have another one spend.
 */
export function changeSchedule(
  schedule: Schedule,
  terms: Partial<ScheduleTerms>,
  { virtualKeyId }: Pick<ScheduleOwner, "virtualKeyId">,
  catalogs: RunCatalogs,
  now: number,
): ChangedSchedule | ScheduleProblem {
  const readAt = schedule.updatedAt;
  // Always later than before, because equal times would hide one change from another.
  const updatedAt = Math.max(now, readAt + 1);
  const changed = { ...schedule, ...terms, virtualKeyId, updatedAt };
  const isRetimed =
    changed.cron !== schedule.cron ||
    changed.timezone !== schedule.timezone ||
    changed.enabled !== schedule.enabled;
  const checked = timed(changed, catalogs, now);
  if (!checked.ok) return checked;
  return { ok: true, schedule: isRetimed ? checked.schedule : changed, isRetimed, readAt };
}

/** Checks everything that a slot will need, and sets the next slot. */
function timed(
  schedule: Schedule,
  catalogs: RunCatalogs,
  now: number,
): { ok: true; schedule: Schedule } | ScheduleProblem {
  const parsed = parseCadence(schedule.cron, schedule.timezone);
  if (!parsed.ok) return { ...parsed, code: "invalid_request" };
  const ids = { runId: newId("run"), requestId: newId("request"), scheduledFor: now };
  const plan = planScheduledRun(schedule, ids, catalogs);
  if (!plan.ok) return plan;
  const nextRunAt = schedule.enabled ? parsed.cadence.nextSlot(now) : null;
  return { ok: true, schedule: { ...schedule, nextRunAt, pausedReason: null } };
}
