import type { Cadence } from "./slots.ts";

/**
 * More slots than this missed in one outage are counted as this many: two hours of minutes. Counting costs about a
 * tenth of a millisecond a slot, for every schedule that was missed, and a tick has 30 s of CPU time for all of them.
 */
export const missedSlotsCountMax = 120;
const minuteMs = 60_000;

export interface DueSlots {
  /** The oldest slot that is due. */
  first: number;
  /** The latest slot that is due. */
  newest: number;
  /** Due slots older than `newest`; at most `missedSlotsCountMax`. */
  missed: number;
}

/**
 * The slots from `first` (itself a slot) to `now`, both included; null when `first` lies in the future, for instance
 * because the clock stepped back. Its cost does not grow with the time that was missed.
 */
export function dueSlots(cadence: Cadence, first: number, now: number): DueSlots | null {
  if (first > now) return null;
  const newest = newestSlot(cadence, first, now);
  if (newest === first) return { first, newest, missed: 0 };
  const later = cadence.nextSlots(first, missedSlotsCountMax);
  const between = later.filter((slot) => slot < newest).length;
  return { first, newest, missed: Math.min(between + 1, missedSlotsCountMax) };
}

/**
 * Bisects on "the slot after t is due", which holds for every minute before the newest slot and for none from it on. It
 * asks only for next slots, so that it can never disagree with the way a schedule moves forward.
 */
function newestSlot(cadence: Cadence, first: number, now: number): number {
  let newest = first;
  let low = first;
  let high = now;
  while (low < high) {
    const middle = low + Math.floor((high - low) / (2 * minuteMs)) * minuteMs;
    const next = cadence.nextSlot(middle);
    if (next !== null && next <= now) {
      newest = next;
      low = next;
    } else {
      if (middle === low) break;
      high = middle;
    }
  }
  return newest;
}
