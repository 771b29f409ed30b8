import { describe, expect, it } from "vitest";
import { admissionRecheckMs, heartbeatMs, nextAlarm } from "../../../src/run/life/next-alarm.ts";

describe("the next alarm", () => {
  const now = 1_000_000;
  const retentionMs = 5_000_000;
  const row = {
    status: "running",
    isCancelRequested: false,
    finishTries: 0,
    createdAt: 0,
    finishedAt: null,
    purgedAtSeq: null,
    reconcileFrom: null,
    looks: 0,
  } as const;

  it("beats while a run is driven", () => {
    expect(nextAlarm({ ...row, phase: "driving" }, now, retentionMs)).toBe(now + heartbeatMs);
  });

  it("looks again at an admission that got no answer", () => {
    const admitting = { ...row, phase: "admitting", createdAt: now } as const;
    expect(nextAlarm(admitting, now, retentionMs)).toBe(now + admissionRecheckMs);
  });

  it.each(["finishing", "reopening"] as const)("backs off while D1 is away: %s", (phase) => {
    const waits = [0, 1, 2, 20].map(
      (finishTries) => (nextAlarm({ ...row, phase, finishTries }, now, retentionMs) ?? 0) - now,
    );
    expect(waits).toEqual([1_000, 2_000, 4_000, 300_000]);
  });

  it("leaves a run that waits for a person alone", () => {
    const waiting = { ...row, phase: "settled", status: "interrupted" } as const;
    expect(nextAlarm(waiting, now, retentionMs)).toBeNull();
    expect(nextAlarm({ ...waiting, isCancelRequested: true }, now, retentionMs)).toBe(now);
  });

  it("comes back to a run that is over when its events are to be purged, and then no more", () => {
    const over = { ...row, phase: "settled", finishedAt: now - 1_000 } as const;
    expect(nextAlarm(over, now, retentionMs)).toBe(now - 1_000 + retentionMs);
    expect(nextAlarm({ ...over, finishedAt: 0 }, now * 100, retentionMs)).toBe(now * 100);
    expect(nextAlarm({ ...over, purgedAtSeq: 7 }, now, retentionMs)).toBeNull();
  });
});
