import { Cron } from "croner";

/** Sixty minute values as a list still fit; longer texts only cost time to parse. */
const cronLengthMax = 200;
const timezoneLengthMax = 64;

/**
 * When a schedule fires: whole minutes, in milliseconds since the epoch.
 *
 * Around a change of daylight saving time a schedule of fixed times (no `*`, no step in minute and hour) fires once
 * for each of its times: one that the clocks jump over fires at the first minute after the gap, one that occurs twice
 * fires at the first. A schedule of intervals follows the clock as it runs: nothing in the gap, both repeated hours.
 */
export interface Cadence {
  /** The first slot later than `after`; null when there is none. */
  nextSlot(after: number): number | null;
  /** Up to `count` slots later than `after`, oldest first. */
  nextSlots(after: number, count: number): number[];
}

export type ParsedCadence =
  | { ok: true; cadence: Cadence }
  | { ok: false; path: "cron" | "timezone"; message: string };

/** Reads a 5-field cron text and an IANA time zone. The message tells a person what to change. */
export function parseCadence(cron: string, timezone: string): ParsedCadence {
  if (!isTimezone(timezone)) {
    return refuse(
      "timezone",
      "Not an IANA time zone. Examples: UTC, Europe/Berlin, America/New_York.",
    );
  }
  if (cron.length > cronLengthMax) {
    return refuse("cron", `A cron text has at most ${cronLengthMax} characters.`);
  }
  const fieldCount = cron.trim().split(/\s+/).length;
  if (fieldCount !== 5) {
    const hint = fieldCount === 6 ? " Seconds are not supported." : "";
    return refuse("cron", `A cron text has five fields: minute hour day month weekday.${hint}`);
  }
  // croner reads `?` as "the value at the moment of parsing": such a schedule would mean something else at every tick.
  if (cron.includes("?")) return refuse("cron", "Use * instead of ? in a cron text.");
  const pattern = readPattern(cron, timezone);
  if (typeof pattern === "string") return refuse("cron", pattern);
  const cadence = cadenceOf(pattern);
  if (cadence.nextSlot(0) === null) {
    return refuse("cron", "This never fires: no year has such a date.");
  }
  return { ok: true, cadence };
}

function isTimezone(timezone: string): boolean {
  // Intl also takes offsets such as +02:00, which know no daylight saving time.
  if (timezone.length > timezoneLengthMax || !/^[A-Za-z]/.test(timezone)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function readPattern(cron: string, timezone: string): Cron | string {
  try {
    // `paused`: only arithmetic is wanted here, never croner's timers.
    return new Cron(cron.trim(), {
      mode: "5-part",
      timezone,
      paused: true,
      fixedTimeRule: "no-wildcard",
    });
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      return `Not a cron text. ${error.message.replace(/^CronPattern: /, "")}`;
    }
    throw error;
  }
}

function cadenceOf(pattern: Cron): Cadence {
  return {
    nextSlot: (after) => pattern.nextRun(new Date(after))?.getTime() ?? null,
    nextSlots: (after, count) =>
      pattern.nextRuns(count, new Date(after)).map((date) => date.getTime()),
  };
}

function refuse(path: "cron" | "timezone", message: string): ParsedCadence {
  return { ok: false, path, message };
}
