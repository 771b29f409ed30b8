import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { spendTable, stacked } from "../../src/client/activity-data.ts";
import {
  activityWindow,
  customRange,
  groups,
  rangeProblem,
  ranges,
  readFilter,
  writeFilter,
} from "../../src/client/activity-query.ts";

const now = Date.parse("2026-03-10T12:34:56Z");
const dayMs = 24 * 3_600_000;
const stepMs = { "1h": 3_600_000, "6h": 6 * 3_600_000, "1d": 24 * 3_600_000 };

describe("the filters in the address", () => {
  test("what is written is read again", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ranges), fc.constantFrom(...groups), (range, group) => {
        const dates =
          range === "custom" ? { from: "2026-01-02", to: "2026-02-03" } : { from: "", to: "" };
        const filter = { range, group, ...dates };
        expect(readFilter(writeFilter(filter))).toEqual(filter);
      }),
    );
  });

  test("an own range without a day is the default, and one day is enough", () => {
    const filter = { group: "model", from: "", to: "" } as const;
    expect(readFilter("?range=custom")).toEqual({ ...filter, range: "7d" });
    const search = "?range=custom&to=2026-02-10";
    expect(readFilter(search)).toEqual({ ...filter, range: "custom", to: "2026-02-10" });
    const { from, to } = activityWindow(readFilter(search), now);
    expect(from).toBe(new Date("2026-02-04T00:00:00").toISOString());
    expect(to).toBe(new Date("2026-02-11T00:00:00").toISOString());
  });

  test.each([
    ["2026-02-10", "2026-02-10", null],
    ["2026-02-11", "2026-02-10", "The first day must not be after the last one."],
    ["2026-03-11", "", "The first day must not be after the last one."],
    ["2025-02-04", "2026-03-10", null],
    ["", "2020-03-10", null],
    [
      "2025-02-03",
      "2026-03-10",
      "At most 400 days fit. Through 2026-03-10 the first day is 2025-02-04.",
    ],
  ])("of the days from %j through %j it is said: %j", (from, to, problem) => {
    expect(rangeProblem({ range: "custom", group: "model", from, to }, now)).toBe(problem);
  });

  test("nonsense is read as the default", () => {
    const nonsense = "?range=1y&group=__proto__&from=2026-99-99&to=<script>";
    expect(readFilter(nonsense)).toEqual({ range: "7d", group: "model", from: "", to: "" });
  });
});

describe("the window that is asked for", () => {
  test.each([
    ["24h", "1h", 24],
    ["7d", "6h", 28],
    ["30d", "1d", 30],
  ] as const)("%s has steps of %s, and the running step is in it", (range, step, points) => {
    const window = activityWindow({ range, group: "model", from: "", to: "" }, now);
    expect(window.step).toBe(step);
    const length = Date.parse(window.to) - Date.parse(window.from);
    // A change of the clock makes a day longer or shorter by an hour.
    expect(Math.round(length / stepMs[step])).toBe(points);
    expect(Date.parse(window.to)).toBeGreaterThan(now);
    expect(Date.parse(window.to) - now).toBeLessThanOrEqual(range === "24h" ? stepMs["1h"] : dayMs);
  });

  test.each(["7d", "30d"] as const)("%s begins and ends at midnight of the reader", (range) => {
    const { from, to } = activityWindow({ range, group: "model", from: "", to: "" }, now);
    for (const at of [from, to]) expect(new Date(at).toTimeString()).toMatch(/^00:00:00/);
  });

  test("a custom window includes both its days", () => {
    const filter = {
      range: "custom",
      group: "model",
      from: "2026-03-01",
      to: "2026-03-02",
    } as const;
    const window = activityWindow(filter, now);
    expect(window.from).toBe(new Date("2026-03-01T00:00:00").toISOString());
    expect(window.to).toBe(new Date("2026-03-03T00:00:00").toISOString());
  });

  test.each(["7d", "30d"] as const)("%s turned into an own range is the same window", (range) => {
    const preset = { range, group: "model", from: "", to: "" } as const;
    const own = { ...preset, range: "custom", ...customRange(preset, now) } as const;
    expect(activityWindow(own, now)).toEqual(activityWindow(preset, now));
  });

  test("a window that ends before it starts is still one that can be asked for", () => {
    const filter = {
      range: "custom",
      group: "model",
      from: "2026-03-09",
      to: "2026-01-01",
    } as const;
    const { from, to } = activityWindow(filter, now);
    expect(Date.parse(to)).toBeGreaterThan(Date.parse(from));
  });

  test("a custom window up to a year has no more points than an answer may hold", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 364 }), (days) => {
        const to = "2026-03-10";
        const from = new Date(Date.parse(to) - days * stepMs["1d"]).toISOString().slice(0, 10);
        const window = activityWindow({ range: "custom", group: "model", from, to }, now);
        const length = Date.parse(window.to) - Date.parse(window.from);
        expect(length / stepMs[window.step]).toBeLessThanOrEqual(400);
      }),
    );
  });
});

describe("the chart's numbers", () => {
  const series = (key: string, ...credits: number[]) => ({
    key,
    points: credits.map((chargedCredits, index) => ({
      at: `2026-03-0${index + 1}T00:00:00Z`,
      chargedCredits,
      calls: 1,
      inputTokens: 1,
      outputTokens: 1,
    })),
  });

  test("the dearest group comes first", () => {
    const { groups: found } = spendTable([series("small", 1, 1), series("large", 5, 5)]);
    expect(found.map(({ key, totalCredits }) => [key, totalCredits])).toEqual([
      ["large", 10],
      ["small", 2],
    ]);
  });

  test("beyond six groups the rest is gathered and nothing is lost", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000_000), { minLength: 7, maxLength: 30 }), (credits) => {
        const table = spendTable(credits.map((value, index) => series(`m${index}`, value)));
        expect(table.groups).toHaveLength(6);
        const shown = table.groups.reduce((total, { totalCredits }) => total + totalCredits, 0);
        expect(shown).toBe(credits.reduce((total, value) => total + value, 0));
      }),
    );
  });

  test("stacked heights are running totals", () => {
    const { groups: found } = spendTable([series("a", 5, 6), series("b", 1, 2)]);
    expect(stacked(found)).toEqual([
      [5, 6],
      [6, 8],
    ]);
  });

  test("no series is an empty table", () => {
    expect(spendTable([])).toEqual({ at: [], groups: [] });
  });
});
