import { describe, expect, it } from "vitest";
import { decide, noRuns, slotGraceMs } from "../../src/schedules/decide.ts";
import type { PreviousRuns } from "../../src/schedules/decide.ts";

const minuteMs = 60_000;
const slot = Date.parse("2026-06-01T10:00:00Z");
const onTime = { first: slot, newest: slot, missed: 0, problem: null };
const late = { first: slot - 5 * minuteMs, newest: slot, missed: 5, problem: null };
const now = slot + 5_000;
const busy: PreviousRuns = {
  ...noRuns,
  active: [{ runId: "run_earlier", scheduledFor: slot - minuteMs }],
};

describe("a slot on time", () => {
  it("fires, whatever the policies are", () => {
    for (const overlap of ["skip", "allow", "cancel_previous"] as const) {
      for (const catchUp of ["one", "none"] as const) {
        expect(decide({ overlap, catchUp }, onTime, noRuns, now)).toEqual({
          slot,
          missed: 0,
          action: { kind: "fire", cancelRunIds: [] },
        });
      }
    }
  });
});

describe("an earlier run that is still active", () => {
  it("makes `skip` leave the slot out, with a reason", () => {
    const { action } = decide({ overlap: "skip", catchUp: "one" }, onTime, busy, now);
    expect(action).toMatchObject({ kind: "skip", errorCode: "conflict" });
  });

  it("is left alone by `allow`", () => {
    const { action } = decide({ overlap: "allow", catchUp: "one" }, onTime, busy, now);
    expect(action).toEqual({ kind: "fire", cancelRunIds: [] });
  });

  it("is cancelled by `cancel_previous`, also when it was started by hand", () => {
    const previous = {
      ...busy,
      active: [...busy.active, { runId: "run_hand", scheduledFor: null }],
    };
    const { action } = decide(
      { overlap: "cancel_previous", catchUp: "one" },
      onTime,
      previous,
      now,
    );
    expect(action).toEqual({ kind: "fire", cancelRunIds: ["run_earlier", "run_hand"] });
  });

  it("is never the run of a later slot, which a held-up tick may meet", () => {
    const previous = { ...noRuns, active: [{ runId: "run_later", scheduledFor: slot + minuteMs }] };
    for (const overlap of ["skip", "cancel_previous"] as const) {
      const { action } = decide({ overlap, catchUp: "one" }, onTime, previous, now);
      expect(action).toEqual({ kind: "fire", cancelRunIds: [] });
    }
  });
});

describe("missed slots", () => {
  it("are one late run with catch-up `one`, however late", () => {
    const decision = decide(
      { overlap: "allow", catchUp: "one" },
      late,
      noRuns,
      slot + 59 * minuteMs,
    );
    expect(decision).toEqual({ slot, missed: 5, action: { kind: "fire", cancelRunIds: [] } });
  });

  it("are all passed over with catch-up `none`, beyond the grace of a tick", () => {
    const schedule = { overlap: "allow", catchUp: "none" } as const;
    expect(decide(schedule, late, noRuns, slot + slotGraceMs)).toMatchObject({
      missed: 5,
      action: { kind: "fire" },
    });
    expect(decide(schedule, late, noRuns, slot + slotGraceMs + 1)).toEqual({
      slot,
      missed: 6,
      action: { kind: "pass_over" },
    });
  });

  it("do not include the one that an interrupted tick had started", () => {
    const previous: PreviousRuns = { ...noRuns, first: "success" };
    expect(decide({ overlap: "allow", catchUp: "one" }, late, previous, now).missed).toBe(4);
  });
});

describe("a slot that has a run already", () => {
  it.each(["success", "error", "cancelled", "skipped"] as const)(
    "is not fired again after it ended %s",
    (status) => {
      const previous: PreviousRuns = { first: status, newest: status, active: [] };
      const schedule = { overlap: "allow", catchUp: "none" } as const;
      expect(decide(schedule, onTime, previous, slot + 99 * minuteMs)).toEqual({
        slot,
        missed: 0,
        action: { kind: "already_run" },
      });
    },
  );

  it.each(["pending", "running"] as const)(
    "is started again while it is %s, and neither skipped nor cancelled for its own sake",
    (status) => {
      const own = { runId: "run_own", scheduledFor: slot };
      const previous: PreviousRuns = { first: status, newest: status, active: [own] };
      for (const overlap of ["skip", "cancel_previous"] as const) {
        const { action } = decide({ overlap, catchUp: "one" }, onTime, previous, now);
        expect(action).toEqual({ kind: "fire", cancelRunIds: [] });
      }
    },
  );
});

describe("a schedule that cannot fire any more", () => {
  it("is paused, whatever runs it has", () => {
    const due = { ...late, problem: "Its key was revoked." };
    expect(decide({ overlap: "skip", catchUp: "one" }, due, busy, now)).toEqual({
      slot,
      missed: 0,
      action: { kind: "pause", reason: "Its key was revoked." },
    });
  });
});
