import { refusalsMax } from "./decide.ts";
import type { Decision } from "./decide.ts";
import type { Firing } from "./fire-slot.ts";

/** How a stored schedule changes after a slot. Applied only while it still stands at `from` and is enabled. */
export interface ScheduleChange {
  scheduleId: string;
  /** The `nextRunAt` that the tick read. */
  from: number;
  /** null pauses it, or there is no later slot. */
  nextRunAt: number | null;
  missed: number;
  /** Not null: the schedule is paused. */
  pausedReason: string | null;
}

/**
 * What a tick writes after a slot, or null to leave the slot due.
 *
 * @param refusals slots refused for want of credit since the last one that was not, this one included
 * @param nextRunAt the first slot after the one dealt with
 */
export function moveOn(
  schedule: { scheduleId: string; nextRunAt: number },
  { missed }: Decision,
  firing: Firing,
  refusals: number,
  nextRunAt: number | null,
): ScheduleChange | null {
  const change: ScheduleChange = {
    scheduleId: schedule.scheduleId,
    from: schedule.nextRunAt,
    nextRunAt,
    missed,
    pausedReason: null,
  };
  switch (firing.kind) {
    case "deferred":
      return null;
    case "started":
    case "already_run":
    case "passed_over":
      return change;
    case "skipped":
      return refusals < refusalsMax
        ? change
        : { ...change, nextRunAt: null, pausedReason: pausedFor(firing.message) };
    case "broken":
      return { ...change, missed: 0, nextRunAt: null, pausedReason: firing.reason };
  }
}

/** `refusal`: what the last slot was refused with; it says what to do. */
function pausedFor(refusal: string): string {
  return `${refusalsMax} slots in a row were refused. ${refusal} Then enable the schedule.`;
}
