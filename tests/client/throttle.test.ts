import { expect, test } from "vitest";
import { throttled } from "../../src/client/throttle.ts";

function scene(renderCostMs: number) {
  let now = 0;
  let due: { at: number; task: () => void } | null = null;
  const renderedAt: number[] = [];
  const request = throttled(
    () => {
      renderedAt.push(now);
      now += renderCostMs;
    },
    80,
    {
      now: () => now,
      later: (delayMs, task) => {
        due = { at: now + delayMs, task };
      },
    },
  );
  return {
    renderedAt,
    request,
    advanceTo(time: number) {
      while (due !== null && due.at <= time) {
        const { at, task } = due;
        due = null;
        now = Math.max(now, at);
        task();
      }
      now = Math.max(now, time);
    },
  };
}

test("the first request is rendered at once, and the last one always", () => {
  const { renderedAt, request, advanceTo } = scene(0);
  for (const time of [0, 10, 20, 30]) {
    advanceTo(time);
    request();
  }
  advanceTo(1_000);
  expect(renderedAt).toEqual([0, 80]);
});

test("a costly rendering is done less often", () => {
  const { renderedAt, request, advanceTo } = scene(100);
  request();
  request();
  advanceTo(2_000);
  expect(renderedAt).toEqual([0, 500]);
});
