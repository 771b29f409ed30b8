import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toIso } from "../../src/base/clock.ts";
import { dueSlots, missedSlotsCountMax } from "../../src/schedules/due-slots.ts";
import { type Cadence, parseCadence } from "../../src/schedules/slots.ts";

const minuteMs = 60_000;

function cadence(cron: string, timezone = "UTC"): Cadence {
  const parsed = parseCadence(cron, timezone);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.cadence;
}

function next(cron: string, timezone: string, after: string, count: number): string[] {
  return cadence(cron, timezone).nextSlots(Date.parse(after), count).map(toIso);
}

describe("what is a cadence", () => {
  it.each([
    ["seconds", "0 * * * * *"],
    ["a year field", "0 0 9 * * 1 2027"],
    ["too few fields", "0 9 * *"],
    ["a nickname", "@daily"],
    ["a date", "2026-01-01T00:00:00Z"],
    ["nothing", "  "],
    ["a minute that does not exist", "61 * * * *"],
    ["words", "every day at nine o'clock"],
    ["a question mark", "? * * * *"],
    ["a step of zero", "*/0 * * * *"],
    ["a backward range", "0 9 * * 5-1"],
    ["30 February", "0 0 30 2 *"],
    ["31 April and 31 June", "0 0 31 4,6 *"],
    ["an endless list", `${"1,".repeat(150)}1 * * * *`],
  ])("refuses %s", (_what, cron) => {
    const parsed = parseCadence(cron, "UTC");
    expect(parsed).toMatchObject({ ok: false, path: "cron" });
    if (!parsed.ok) expect(parsed.message).toMatch(/^[A-Z].*\.?$/);
  });

  it("says that seconds are not supported", () => {
    expect(parseCadence("0 0 9 * * *", "UTC")).toMatchObject({
      message: expect.stringContaining("Seconds are not supported"),
    });
  });

  it.each(["Mars/Olympus", "", "+02:00", "Europe/Berlin'; --", "x".repeat(65)])(
    "refuses the time zone %j",
    (timezone) => {
      expect(parseCadence("0 9 * * *", timezone)).toMatchObject({ ok: false, path: "timezone" });
    },
  );

  it("takes names of days and months, ranges, steps and lists", () => {
    expect(next("0,30 8-10/2 * JAN-MAR MON-FRI", "UTC", "2026-01-02T10:00:00Z", 2)).toEqual([
      "2026-01-02T10:30:00.000Z",
      "2026-01-05T08:00:00.000Z",
    ]);
  });
});

describe("slots", () => {
  it("are strictly later than the given time", () => {
    const hourly = cadence("0 * * * *");
    const slot = Date.parse("2026-05-01T10:00:00Z");
    expect(hourly.nextSlot(slot - 1)).toBe(slot);
    expect(hourly.nextSlot(slot)).toBe(slot + 60 * minuteMs);
  });

  it("follow the zone's wall clock over both changes of daylight saving time", () => {
    expect(next("0 9 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", 3)).toEqual([
      "2026-03-28T08:00:00.000Z",
      "2026-03-29T07:00:00.000Z",
      "2026-03-30T07:00:00.000Z",
    ]);
    expect(next("0 9 * * *", "America/New_York", "2026-10-31T00:00:00Z", 3)).toEqual([
      "2026-10-31T13:00:00.000Z",
      "2026-11-01T14:00:00.000Z",
      "2026-11-02T14:00:00.000Z",
    ]);
  });

  it("fire a fixed time that the clocks jump over once, right after the gap", () => {
    expect(next("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2)).toEqual([
      "2026-03-29T01:00:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ]);
  });

  it("fire a fixed time that occurs twice once, at the first", () => {
    expect(next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2)).toEqual([
      "2026-10-25T00:30:00.000Z",
      "2026-10-26T01:30:00.000Z",
    ]);
  });

  it("keep an interval even over both changes", () => {
    for (const day of ["2026-03-29T00:00:00Z", "2026-10-24T23:00:00Z"]) {
      const slots = cadence("*/30 * * * *", "Europe/Berlin").nextSlots(Date.parse(day), 8);
      expect(slots).toEqual(slots.map((_, index) => Date.parse(day) + (index + 1) * 30 * minuteMs));
    }
  });

  it("find 29 February over the centuries", () => {
    expect(next("0 0 29 2 *", "UTC", "2026-03-01T00:00:00Z", 1)).toEqual([
      "2028-02-29T00:00:00.000Z",
    ]);
    expect(next("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", 1)).toEqual([
      "2104-02-29T00:00:00.000Z",
    ]);
  });
});

const cronText = fc.constantFrom(
  "* * * * *",
  "*/7 * * * *",
  "30 2 * * *",
  "0,30 2-3 * * *",
  "* 2 * * *",
  "15 */6 * * *",
  "0 9 * * 1-5",
  "59 23 31 * *",
  "0 0 29 2 *",
  "0 0 1 1 *",
);
const zone = fc.constantFrom(
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/Havana",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "Pacific/Apia",
);
/** Any time, and often one within a few hours of a change of the clocks in one of the zones. */
const instant = fc.oneof(
  fc.integer({
    min: Date.parse("2026-01-01T00:00:00Z"),
    max: Date.parse("2028-12-31T00:00:00Z"),
  }),
  fc
    .tuple(
      fc.constantFrom(
        "2026-03-29T01:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-03-08T07:00:00Z",
        "2026-11-01T06:00:00Z",
        "2026-03-08T05:00:00Z",
        "2026-11-01T05:00:00Z",
        "2026-04-04T15:00:00Z",
        "2026-10-03T15:30:00Z",
      ),
      fc.integer({ min: -240 * minuteMs, max: 120 * minuteMs }),
    )
    .map(([change, offset]) => Date.parse(change) + offset),
);

describe("properties of slots", () => {
  it("are whole minutes, ascending, and the same one by one as in a row", () => {
    fc.assert(
      fc.property(cronText, zone, instant, (cron, timezone, after) => {
        const { nextSlot, nextSlots } = cadence(cron, timezone);
        let at = after;
        for (const slot of nextSlots(after, 12)) {
          expect(nextSlot(at)).toBe(slot);
          expect(slot).toBeGreaterThan(at);
          expect(slot % minuteMs).toBe(0);
          at = slot;
        }
      }),
      { numRuns: 150 },
    );
  });

  it("make the due slots what stepping through them one by one finds", () => {
    fc.assert(
      fc.property(
        cronText,
        zone,
        instant,
        fc.nat(300 * minuteMs),
        (cron, timezone, after, late) => {
          const every = cadence(cron, timezone);
          const first = every.nextSlot(after);
          if (first === null) return;
          const now = first + late;
          let newest = first;
          let missed = 0;
          for (let slot = every.nextSlot(first); slot !== null && slot <= now; missed += 1) {
            newest = slot;
            slot = every.nextSlot(slot);
          }
          expect(dueSlots(every, first, now)).toEqual({
            first,
            newest,
            missed: Math.min(missed, missedSlotsCountMax),
          });
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("due slots", () => {
  const first = Date.parse("2026-06-01T10:00:00Z");

  it.each([
    [0, 0],
    [1, 1],
    [5, 5],
    [60, 60],
  ])(
    "of a schedule of minutes, %i minutes late: %i missed before the newest",
    (minutes, missed) => {
      const now = first + minutes * minuteMs + 7_000;
      expect(dueSlots(cadence("* * * * *"), first, now)).toEqual({
        first,
        newest: first + minutes * minuteMs,
        missed,
      });
    },
  );

  it("are none while the clock stands before the first", () => {
    expect(dueSlots(cadence("* * * * *"), first, first - 1)).toBeNull();
  });

  it("need few steps after a year, and count up to the bound", () => {
    const minutes = cadence("* * * * *", "Europe/Berlin");
    let steps = 0;
    const counting: Cadence = {
      nextSlot: (after) => {
        steps += 1;
        return minutes.nextSlot(after);
      },
      nextSlots: (after, count) => {
        steps += count;
        return minutes.nextSlots(after, count);
      },
    };
    const now = first + 365 * 24 * 60 * minuteMs + 30_000;
    expect(dueSlots(counting, first, now)).toEqual({
      first,
      newest: now - 30_000,
      missed: missedSlotsCountMax,
    });
    expect(steps).toBeLessThan(missedSlotsCountMax + 40);
  });
});
