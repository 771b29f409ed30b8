import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketStarts, lastSevenDays } from "../../src/billing/activity-buckets.ts";

const at = (iso: string) => Date.parse(iso);
const iso = (ms: number) => new Date(ms).toISOString().replace(":00.000Z", "Z");

describe("the steps of a chart", () => {
  it("are hours of UTC", () => {
    const starts = bucketStarts(
      at("2026-05-04T10:30Z"),
      at("2026-05-04T13:00Z"),
      "1h",
      "Asia/Kolkata",
    );
    expect(starts.map(iso)).toEqual([
      "2026-05-04T10:00Z",
      "2026-05-04T11:00Z",
      "2026-05-04T12:00Z",
    ]);
  });

  it("are days of the zone, 23 hours long when the clock is put forward", () => {
    const starts = bucketStarts(
      at("2026-03-27T23:00Z"),
      at("2026-03-30T22:00Z"),
      "1d",
      "Europe/Berlin",
    );
    expect(starts.map(iso)).toEqual([
      "2026-03-27T23:00Z",
      "2026-03-28T23:00Z",
      "2026-03-29T22:00Z",
    ]);
  });

  it("are days of the zone, 25 hours long when the clock is put back", () => {
    const starts = bucketStarts(
      at("2026-10-24T22:00Z"),
      at("2026-10-26T23:00Z"),
      "1d",
      "Europe/Berlin",
    );
    expect(starts.map(iso)).toEqual(["2026-10-24T22:00Z", "2026-10-25T23:00Z"]);
  });

  it("begin where the zone's half hours are", () => {
    const starts = bucketStarts(
      at("2026-05-03T18:30Z"),
      at("2026-05-05T18:30Z"),
      "1d",
      "Asia/Kolkata",
    );
    expect(starts.map(iso)).toEqual(["2026-05-03T18:30Z", "2026-05-04T18:30Z"]);
  });

  it("are quarters of the zone's day", () => {
    const starts = bucketStarts(
      at("2026-05-04T00:00Z"),
      at("2026-05-04T12:00Z"),
      "6h",
      "Europe/Berlin",
    );
    expect(starts.map(iso)).toEqual([
      "2026-05-03T22:00Z",
      "2026-05-04T04:00Z",
      "2026-05-04T10:00Z",
    ]);
  });

  it("hold 29 February", () => {
    const starts = bucketStarts(at("2028-02-28T00:00Z"), at("2028-03-02T00:00Z"), "1d", "UTC");
    expect(starts.map((ms) => new Date(ms).getUTCDate())).toEqual([28, 29, 1]);
  });

  it("are at most 400", () => {
    const hours = (count: number) => () => bucketStarts(0, count * 3_600_000, "1h", "UTC");
    expect(hours(400)()).toHaveLength(400);
    expect(hours(401)).toThrow("400 points");
    expect(() => bucketStarts(0, Number.MAX_SAFE_INTEGER, "6h", "UTC")).toThrow("400 points");
  });

  it("ascend, cover the range, and begin no later than it", () => {
    const zones = fc.constantFrom(
      "UTC",
      "Europe/Berlin",
      "America/St_Johns",
      "Asia/Kolkata",
      "Australia/Lord_Howe",
    );
    const times = fc.integer({ min: at("2026-01-01T00:00Z"), max: at("2027-01-01T00:00Z") });
    const length = fc.integer({ min: 1, max: 15 * 24 * 3_600_000 });
    fc.assert(
      fc.property(
        times,
        length,
        fc.constantFrom("1h", "6h", "1d"),
        zones,
        (from, ms, step, zone) => {
          const starts = bucketStarts(from, from + ms, step, zone);
          expect(starts[0]).toBeLessThanOrEqual(from);
          expect(starts[1] ?? Infinity).toBeGreaterThan(from);
          expect(starts.at(-1)).toBeLessThan(from + ms);
          for (const [index, start] of starts.entries()) {
            expect((starts[index + 1] ?? Infinity) - start).toBeGreaterThan(0);
          }
        },
      ),
    );
  });

  it("end today when nothing was asked for", () => {
    const { from, to } = lastSevenDays(at("2026-05-04T22:30Z"), "Europe/Berlin");
    expect([iso(from), iso(to)]).toEqual(["2026-04-28T22:00Z", "2026-05-05T22:00Z"]);
    expect(bucketStarts(from, to, "1d", "Europe/Berlin")).toHaveLength(7);
  });
});
