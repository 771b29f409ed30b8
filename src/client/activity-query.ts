export const ranges = ["24h", "7d", "30d", "custom"] as const;
export type Range = (typeof ranges)[number];
export const groups = ["model", "graphId", "trigger"] as const;
export type Group = (typeof groups)[number];
export type ActivityStep = "1h" | "6h" | "1d";

/** The filters as the address holds them. Dates are `YYYY-MM-DD` in the reader's zone, both inclusive. */
export interface ActivityFilter {
  range: Range;
  group: Group;
  from: string;
  to: string;
}

const rangeDefault: Range = "7d";
/** Of one answer; the longest step is a day. */
const daysMax = 400;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const rangeDays = { "7d": 7, "30d": 30 } as const;

/** Anything that the address does not say, or says wrongly, is the default. */
export function readFilter(search: string): ActivityFilter {
  const query = new URLSearchParams(search);
  const from = query.get("from") ?? "";
  const to = query.get("to") ?? "";
  const asked = ranges.find((known) => known === query.get("range")) ?? rangeDefault;
  const group = groups.find((known) => known === query.get("group")) ?? "model";
  const dates = { from: isDate(from) ? from : "", to: isDate(to) ? to : "" };
  const hasDates = dates.from !== "" || dates.to !== "";
  return { range: asked === "custom" && !hasDates ? rangeDefault : asked, group, ...dates };
}

export function writeFilter({ range, group, from, to }: ActivityFilter): string {
  const query = new URLSearchParams({ range, group });
  if (range === "custom") {
    if (from !== "") query.set("from", from);
    if (to !== "") query.set("to", to);
  }
  return `?${query}`;
}

/**
 * What to ask the API for: whole hours, or whole days of the reader's own clock. A preset ends with the hour or the day
 * that is under way, so that the newest run is in it.
 */
export function activityWindow(
  { range, from, to }: ActivityFilter,
  now: number,
): { from: string; to: string; step: ActivityStep } {
  if (range === "24h") {
    const end = (Math.floor(now / hourMs) + 1) * hourMs;
    return windowOf(end - dayMs, end);
  }
  if (range !== "custom")
    return windowOf(startOfDay(now, 1 - rangeDays[range]), startOfDay(now, 1));
  const lastDay = to === "" ? now : startOfDate(to);
  const start = from === "" ? startOfDay(lastDay, -6) : startOfDate(from);
  return windowOf(start, Math.max(startOfDay(lastDay, 1), startOfDay(start, 1)));
}

/** Why an own range cannot be asked for; null when it can. */
export function rangeProblem({ range, from, to }: ActivityFilter, now: number): string | null {
  if (range !== "custom" || from === "") return null;
  const lastDay = to === "" ? now : startOfDate(to);
  if (startOfDate(from) > lastDay) return "The first day must not be after the last one.";
  const earliest = startOfDay(lastDay, 1 - daysMax);
  if (startOfDate(from) >= earliest) return null;
  return `At most ${daysMax} days fit. Through ${dateOf(lastDay)} the first day is ${dateOf(earliest)}.`;
}

/** The days that a range touches, as the dates of an own range. */
export function customRange(filter: ActivityFilter, now: number): { from: string; to: string } {
  const { from, to } = activityWindow(filter, now);
  return { from: dateOf(Date.parse(from)), to: dateOf(Date.parse(to) - 1) };
}

/** The reader's date as `YYYY-MM-DD`. */
function dateOf(time: number): string {
  const day = new Date(time);
  const twoDigits = (value: number) => String(value).padStart(2, "0");
  return `${day.getFullYear()}-${twoDigits(day.getMonth() + 1)}-${twoDigits(day.getDate())}`;
}

/** Steps fine enough to show a shape, and never more of them than one answer may have. */
function windowOf(start: number, end: number): { from: string; to: string; step: ActivityStep } {
  const days = (end - start) / dayMs;
  return { from: iso(start), to: iso(end), step: days <= 2.1 ? "1h" : days <= 10.1 ? "6h" : "1d" };
}

/** The beginning of a day, so many days from that of `time`. Days are counted by date: one of a clock change has 23 or 25 hours. */
function startOfDay(time: number, daysOn: number): number {
  const day = new Date(time);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + daysOn).getTime();
}

function startOfDate(date: string): number {
  return Date.parse(`${date}T00:00:00`);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
}
