import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beginError, decideLease } from "../../../src/run/journal/lease.ts";

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
