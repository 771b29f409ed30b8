import { assert } from "../base/assert.ts";
import { dueSlots } from "./due-slots.ts";
import type { DueSlots } from "./due-slots.ts";
import { parseCadence } from "./slots.ts";
import type { Schedule } from "./schedule.ts";

export interface DueSchedule extends Schedule {
  nextRunAt: number;
  /** Its key has been revoked or has expired. */
  isKeyDead: boolean;
}

export interface FoundSlots extends DueSlots {
  /** The first slot that is not due yet; null when there is none. */
  next: number | null;
  /** Why the schedule cannot fire any more; then the slots mean nothing beyond where it stands. */
  problem: string | null;
}

/** The slots of a schedule that is due at `now`. */
export function findSlots(
  schedule: Pick<DueSchedule, "cron" | "timezone" | "nextRunAt" | "isKeyDead">,
  now: number,
): FoundSlots {
  const { cron, timezone, nextRunAt } = schedule;
  if (schedule.isKeyDead) {
    return stuck(nextRunAt, "Its API key was revoked or has expired.");
  }
  const parsed = parseCadence(cron, timezone);
  // What was sound once may not be any more: time zones are renamed, and the parser is updated.
  if (!parsed.ok) return stuck(nextRunAt, `${parsed.path}: ${parsed.message}`);
  const slots = dueSlots(parsed.cadence, nextRunAt, now);
  assert(slots !== null, "only due schedules are read");
  return { ...slots, next: parsed.cadence.nextSlot(slots.newest), problem: null };
}

function stuck(slot: number, problem: string): FoundSlots {
  return { first: slot, newest: slot, missed: 0, next: null, problem };
}
