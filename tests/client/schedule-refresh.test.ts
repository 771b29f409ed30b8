import { expect, test } from "vitest";
import { refreshDelayMs } from "../../src/client/schedule-refresh.ts";

const now = Date.parse("2026-03-10T12:00:00Z");

function schedule(secondsToNext: number | null, lastStatus: string | null, enabled = true) {
  const nextRunAt =
    secondsToNext === null ? null : new Date(now + secondsToNext * 1_000).toISOString();
  return { enabled, nextRunAt, lastStatus };
}

test("the list is read again shortly after the earliest slot", () => {
  const schedules = [schedule(300, "success"), schedule(40, null), schedule(90, "error")];
  expect(refreshDelayMs(schedules, now)).toBe(42_000);
});

test.each(["pending", "running"])(
  "while a run is %s the list is read every two seconds",
  (last) => {
    expect(refreshDelayMs([schedule(300, last), schedule(3_000, null)], now)).toBe(2_000);
  },
);

test("a slot that the server is late for is asked for again, but not in a rush", () => {
  expect(refreshDelayMs([schedule(-60, "success")], now)).toBe(5_000);
});

test("a far slot is approached in several waits", () => {
  expect(refreshDelayMs([schedule(86_400, null)], now)).toBe(600_000);
});

test("paused schedules are not waited for", () => {
  expect(refreshDelayMs([schedule(40, "success", false), schedule(null, null)], now)).toBeNull();
});
