import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deriveId, isId, newId } from "../../src/base/ids.ts";

describe("ids", () => {
  it("new ones differ and say what they name", () => {
    const ids = Array.from({ length: 1_000 }, () => newId("run"));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => isId("run", id) && !isId("thread", id))).toBe(true);
  });

  it("the same parts give the same id, other parts another", () => {
    const slot = ["slot", "sch_1", "2026-03-29T01:00:00.000Z"] as const;
    expect(deriveId("run", slot)).toBe(deriveId("run", slot));
    expect(isId("run", deriveId("run", slot))).toBe(true);
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (a, b) => {
        const [one, other] = [deriveId("run", ["key", ...a]), deriveId("run", ["key", ...b])];
        expect(one === other).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });

  it("parts cannot run into each other, nor a domain into another", () => {
    const made = [
      deriveId("run", ["key", "ab", "c"]),
      deriveId("run", ["key", "a", "bc"]),
      deriveId("run", ["key", 'ab","c']),
      deriveId("run", ["slot", "ab", "c"]),
      deriveId("run", ["key", "1"]),
      deriveId("run", ["key", 1]),
    ];
    expect(new Set(made).size).toBe(made.length);
  });

  it.each([
    "",
    "run_",
    "run_short",
    `run_${"i".repeat(26)}`,
    `run_${"A".repeat(26)}`,
    `run_${"0".repeat(27)}`,
    `run_${"0".repeat(25)}\n`,
  ])("refuses %j", (text) => {
    expect(isId("run", text)).toBe(false);
  });
});
