import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketStarts } from "../../src/billing/activity-buckets.ts";
import { coverSteps, type Stretch } from "../../src/billing/cover-range.ts";

const at = (iso: string) => Date.parse(iso);
const unitMs = { days: 86_400_000, hours: 3_600_000, rest: 1 };

/** How often each step counts what happened at a moment. */
function countsAt(stretches: readonly Stretch[], moment: number, steps: number): number[] {
  const counts = Array.from({ length: steps }, () => 0);
  for (const { unit, from, to, counts: shares } of stretches) {
    if (moment < from * unitMs[unit] || moment >= to * unitMs[unit]) continue;
    for (const { step, sign } of shares) counts[step]! += sign;
  }
  return counts;
}

function read(stretches: readonly Stretch[], unit: Stretch["unit"]): number {
  return stretches
    .filter((stretch) => stretch.unit === unit)
    .reduce((sum, { from, to }) => sum + to - from, 0);
}

describe("covering the steps of a chart", () => {
  it("takes whole days and hours from the rollups, and only the edges call by call", () => {
    const bounds = [at("2026-05-03T22:30Z"), at("2026-05-06T01:15Z")];
    const hour = at("2026-05-03T23:00Z") / unitMs.hours;
    const day = at("2026-05-04T00:00Z") / unitMs.days;
    const counts = [{ step: 0, sign: 1 }];
    expect(coverSteps(bounds, false)).toEqual([
      { unit: "days", from: day, to: day + 2, counts },
      { unit: "hours", from: hour, to: hour + 1, counts },
      { unit: "rest", from: bounds[0], to: at("2026-05-03T23:00Z"), counts },
      { unit: "hours", from: (day + 2) * 24, to: (day + 2) * 24 + 1, counts },
      { unit: "rest", from: at("2026-05-06T01:00Z"), to: bounds[1], counts },
    ]);
  });

  it.each([
    ["UTC", "2026-06-01T00:00Z", 30, 0],
    ["Europe/Berlin", "2026-05-31T22:00Z", 30, 31 * 2],
    ["Asia/Tokyo", "2026-05-31T15:00Z", 30, 31 * 9],
    ["America/Los_Angeles", "2026-06-01T07:00Z", 30, 31 * 7],
  ])("reads a day of %s as one of UTC, less the hours between", (zone, from, days, hours) => {
    const start = at(from);
    const end = start + days * unitMs.days;
    const starts = bucketStarts(start, end, "1d", zone);
    const stretches = coverSteps([...starts, end], true);
    expect(read(stretches, "days")).toBe(days);
    expect(read(stretches, "hours")).toBe(hours);
    expect(read(stretches, "rest")).toBe(0);
  });

  it.each([true, false])("counts every moment in its own step only (by day: %s)", (isByDay) => {
    const time = fc.nat({ max: 6 * unitMs.days });
    const bounds = fc.uniqueArray(time, { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(bounds, fc.array(time, { minLength: 5, maxLength: 20 }), (drawn, moments) => {
        const edges = drawn.toSorted((a, b) => a - b);
        const stretches = coverSteps(edges, isByDay);
        // The bounds themselves are where a mistake would be.
        for (const moment of [...moments, ...edges, ...edges.map((edge) => edge - 1)]) {
          const expected = edges
            .slice(1)
            .map((to, step) => (moment >= edges[step]! && moment < to ? 1 : 0));
          expect(countsAt(stretches, moment, edges.length - 1)).toEqual(expected);
        }
        for (const { from, to, unit } of stretches) {
          expect(to).toBeGreaterThan(from);
          if (unit === "rest") expect(to - from).toBeLessThan(2 * unitMs.hours);
        }
      }),
    );
  });
});
