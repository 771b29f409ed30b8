import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCursor } from "../../src/run/cursor.ts";
import { beginError, decideLease } from "../../src/run/lease.ts";
import { admissionRecheckMs, heartbeatMs, nextAlarm } from "../../src/run/next-alarm.ts";

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
  it("beats while a run is driven", () => {
    expect(nextAlarm({ phase: "driving", finishTries: 0, createdAt: 0 }, now)).toBe(
      now + heartbeatMs,
    );
  });

  it("looks again at an admission that got no answer", () => {
    const row = { phase: "admitting", finishTries: 0, createdAt: now } as const;
    expect(nextAlarm(row, now)).toBe(now + admissionRecheckMs);
  });

  it("backs off between tries to settle, up to five minutes", () => {
    const waits = [0, 1, 2, 20].map(
      (finishTries) =>
        (nextAlarm({ phase: "finishing", finishTries, createdAt: 0 }, now) ?? 0) - now,
    );
    expect(waits).toEqual([1_000, 2_000, 4_000, 300_000]);
  });

  it("leaves a settled run alone", () => {
    expect(nextAlarm({ phase: "settled", finishTries: 0, createdAt: 0 }, now)).toBeNull();
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
