import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCursor } from "../../src/run/viewers/cursor.ts";
import { beginError, decideLease } from "../../src/run/journal/lease.ts";
import { admissionRecheckMs, heartbeatMs, nextAlarm } from "../../src/run/life/next-alarm.ts";

const credits = fc.nat({ max: 10_000 });

describe("the lease", () => {
  it("never lets charged, open and new credits together exceed what is reserved", () => {
    fc.assert(
      fc.property(
        credits,
        credits,
        credits,
        credits,
        credits,
        (lease, charged, open, cap, most) => {
          const decision = decideLease(
            { leaseCredits: lease, chargedCredits: charged, openCredits: open, maxCredits: cap },
            most,
          );
          const needed = charged + open + most;
          if (decision.kind === "covered") expect(needed).toBeLessThanOrEqual(lease);
          if (decision.kind === "top_up") {
            expect(decision.leaseCredits).toBeGreaterThanOrEqual(needed);
            expect(decision.leaseCredits).toBeLessThanOrEqual(cap);
          }
          if (decision.kind === "refused") expect(needed).toBeGreaterThan(Math.max(lease, cap));
        },
      ),
    );
  });

  it("says which limit a refused call met", () => {
    const decision = decideLease(
      { leaseCredits: 5, chargedCredits: 5, openCredits: 0, maxCredits: 5 },
      1,
    );
    expect(decision).toMatchObject({ kind: "refused", error: { code: "insufficient_credits" } });
    expect(decision.kind === "refused" && decision.error.message).toContain("limits.maxCredits");
  });
});

describe("beginning a run", () => {
  const empty = { leaseCredits: 0, chargedCredits: 0, maxCredits: 0 };
  it("needs something to spend, unless its model is free", () => {
    expect(beginError(empty, true)).toMatchObject({ code: "insufficient_credits" });
    expect(beginError(empty, false)).toBeNull();
    expect(beginError({ ...empty, leaseCredits: 1 }, true)).toBeNull();
    expect(beginError({ ...empty, leaseCredits: 5, chargedCredits: 5 }, true)).not.toBeNull();
  });
});

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

describe("a viewer's cursor", () => {
  it.each([
    [null, 0],
    ["", 0],
    ["0", 0],
    ["7", 7],
    ["8", null],
    ["-1", null],
    ["1.5", null],
    ["1e3", null],
    ["x", null],
    ["99999999999999999999", null],
  ])("%s of a log of 7 is read as %s", (text, expected) => {
    expect(parseCursor(text, 7)).toBe(expected);
  });
});
