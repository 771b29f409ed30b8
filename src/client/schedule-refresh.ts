import type { Schedule } from "./wire.ts";

const activeEveryMs = 2_000;
/** A slot starts with the minute's tick, which takes a moment to admit the run. */
const afterSlotMs = 2_000;
const overdueEveryMs = 5_000;
/** The clocks of page and server may drift apart while the page stays open, so a far slot is not waited for in one go. */
const waitMsMax = 10 * 60_000;

const activeStatuses: ReadonlySet<string | null> = new Set(["pending", "running"]);

/** Milliseconds until the list may have something new to show; null when nothing on it will happen by itself. */
export function refreshDelayMs(
  schedules: readonly Pick<Schedule, "enabled" | "nextRunAt" | "lastStatus">[],
  now: number,
): number | null {
  if (schedules.some(({ lastStatus }) => activeStatuses.has(lastStatus))) return activeEveryMs;
  const slots = schedules.flatMap(({ enabled, nextRunAt }) =>
    enabled && nextRunAt !== null ? [Date.parse(nextRunAt)] : [],
  );
  if (slots.length === 0) return null;
  const untilSlot = Math.min(...slots) - now;
  if (untilSlot <= -afterSlotMs) return overdueEveryMs;
  return Math.min(untilSlot + afterSlotMs, waitMsMax);
}
