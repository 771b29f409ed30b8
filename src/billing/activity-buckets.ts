import { InvalidInput } from "../base/errors.ts";

export const steps = ["1h", "6h", "1d"] as const;
export type Step = (typeof steps)[number];

/** More points than a chart can show, and a bound on what one request makes. */
const pointsMax = 400;
const hourMs = 3_600_000;
const stepHours = { "1h": 1, "6h": 6, "1d": 24 } as const;

/** Throws `InvalidInput` for a name that no time zone has. */
export function checkTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch {
    throw new InvalidInput("There is no such time zone.", [
      { path: "timeZone", message: "Use an IANA name such as Europe/Berlin." },
    ]);
  }
}

/** The day that holds `now` and the six before it, as the zone counts days. */
export function lastSevenDays(now: number, timeZone: string): { from: number; to: number } {
  const zone = createZone(timeZone);
  const { year, month, day } = zone.wallClock(now);
  return { from: zone.instant(year, month, day - 6, 0), to: zone.instant(year, month, day + 1, 0) };
}

/**
 * Start times of the steps that cover [from, to), ascending. Days and six hours begin by the zone's own clock, so a day is
 * 23 or 25 hours long when the clock is changed; hours are UTC's. The first may begin before `from`.
 */
export function bucketStarts(from: number, to: number, step: Step, timeZone: string): number[] {
  if ((to - from) / (stepHours[step] * hourMs) > pointsMax + 1) throw tooMany();
  const starts = step === "1h" ? hours(from, to) : wallClockSteps(from, to, step, timeZone);
  if (starts.length > pointsMax) throw tooMany();
  return starts;
}

function tooMany(): InvalidInput {
  return new InvalidInput(`At most ${pointsMax} points. Ask for less time or a longer step.`);
}

function hours(from: number, to: number): number[] {
  const starts: number[] = [];
  for (let at = Math.floor(from / hourMs) * hourMs; at < to; at += hourMs) starts.push(at);
  return starts;
}

function wallClockSteps(from: number, to: number, step: "6h" | "1d", timeZone: string): number[] {
  const zone = createZone(timeZone);
  const { year, month, day } = zone.wallClock(from);
  const starts: number[] = [];
  for (let stepsFromMidnight = 0; ; stepsFromMidnight += 1) {
    const at = zone.instant(year, month, day, stepsFromMidnight * stepHours[step]);
    if (at >= to) return starts;
    // Of the steps of the first day only the last one that is not after `from` counts; a change of the clock may make
    // two wall-clock times the same instant.
    if (at <= from) starts.length = 0;
    if (at !== starts.at(-1)) starts.push(at);
  }
}

interface WallClock {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
}

interface Zone {
  wallClock(at: number): WallClock;
  /** The instant of a wall-clock time; days and hours may overflow. A time that a change skips is the one after it. */
  instant(year: number, month: number, day: number, hour: number): number;
}

function createZone(timeZone: string): Zone {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const read = (at: number) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const [year, month, day] = [part("year"), part("month"), part("day")];
    const asUtc = Date.UTC(year, month - 1, day, part("hour"), part("minute"), part("second"));
    return { year, month, day, offsetMs: asUtc - Math.floor(at / 1_000) * 1_000 };
  };
  return {
    wallClock: read,
    instant(year, month, day, hour) {
      const asUtc = Date.UTC(year, month - 1, day, hour);
      // The offset is asked for twice, because the first guess may fall on the other side of a change.
      const guess = asUtc - read(asUtc).offsetMs;
      return asUtc - read(guess).offsetMs;
    },
  };
}
