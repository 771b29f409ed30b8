import { describe, expect, it } from "vitest";
import { refusalsMax } from "../../src/schedules/decide.ts";
import type { Decision } from "../../src/schedules/decide.ts";
import { moveOn } from "../../src/schedules/move-on.ts";

const from = Date.parse("2026-06-01T10:00:00Z");
const next = from + 3_600_000;
const schedule = { scheduleId: "sch_1", nextRunAt: from };
const decision: Decision = { slot: from, missed: 2, action: { kind: "fire", cancelRunIds: [] } };

describe("after a slot", () => {
  it("a started run moves its schedule on from where it stood, with what was missed", () => {
    for (const created of [true, false]) {
      expect(moveOn(schedule, decision, { kind: "started", created }, 0, next)).toEqual({
        scheduleId: "sch_1",
        from,
        nextRunAt: next,
        missed: 2,
        pausedReason: null,
      });
    }
  });

  it("a start that was not definite leaves the schedule where it stands", () => {
    const firing = { kind: "deferred", errorCode: "provider_unavailable" } as const;
    expect(moveOn(schedule, decision, firing, 0, next)).toBeNull();
  });

  it("slots passed over are counted as missed", () => {
    const change = moveOn(schedule, decision, { kind: "passed_over" }, 0, next);
    expect(change).toMatchObject({ nextRunAt: next, missed: 2, pausedReason: null });
  });

  it("refusals pause the schedule at the third in a row, and not before", () => {
    const refused = { errorCode: "insufficient_credits", message: "No room. Make some." };
    const firing = { kind: "skipped", ...refused } as const;
    expect(moveOn(schedule, decision, firing, refusalsMax - 1, next)).toMatchObject({
      nextRunAt: next,
      pausedReason: null,
    });
    expect(moveOn(schedule, decision, firing, refusalsMax, next)).toMatchObject({
      nextRunAt: null,
      pausedReason: "3 slots in a row were refused. No room. Make some. Then enable the schedule.",
    });
  });

  it("a broken schedule is paused with its reason", () => {
    const firing = { kind: "broken", reason: "graphId: There is no such graph." } as const;
    expect(moveOn(schedule, decision, firing, 0, next)).toMatchObject({
      nextRunAt: null,
      missed: 0,
      pausedReason: "graphId: There is no such graph.",
    });
  });
});
