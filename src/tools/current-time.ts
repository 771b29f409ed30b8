import { z } from "zod";
import { toIso } from "../base/clock.ts";
import { defineTool } from "./contract.ts";

const output = z.strictObject({
  utc: z.iso.datetime(),
  /** Local date and time with offset. */
  local: z.iso.datetime({ offset: true }),
  weekday: z.string(),
  timeZone: z.string(),
});

export const currentTime = defineTool({
  id: "core__current_time",
  description: "Tells the current date, time and weekday, in UTC and in a time zone.",
  input: z.strictObject({
    timeZone: z
      .string()
      .max(64)
      .default("UTC")
      .describe("IANA name of the time zone, such as Europe/Berlin. UTC when left out."),
  }),
  output,
  timeoutMs: 1_000,
  run({ timeZone }, { now }) {
    const format = formatFor(timeZone);
    if (format === null) {
      return { ok: false, message: "There is no such time zone. Use an IANA name: Europe/Berlin." };
    }
    const ms = now();
    return { ok: true, value: { utc: toIso(ms), ...localTime(format, ms), timeZone } };
  },
});

function formatFor(timeZone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat("en-GB", {
      timeZone,
      hourCycle: "h23",
      weekday: "long",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      timeZoneName: "longOffset",
    });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function localTime(format: Intl.DateTimeFormat, ms: number): { local: string; weekday: string } {
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? "";
  const date = [part("year"), part("month"), part("day")].join("-");
  const time = [part("hour"), part("minute"), part("second")].join(":");
  // `GMT+01:00`, and a bare `GMT` for no offset.
  const offset = part("timeZoneName").replace("GMT", "") || "+00:00";
  return { local: `${date}T${time}${offset}`, weekday: part("weekday") };
}
