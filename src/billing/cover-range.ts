const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Half-open ranges that together are exactly one stretch of time, each in the coarsest table that has it. */
export interface Cover {
  /** Rows of `usage_daily`, by their day number. */
  days: [from: number, to: number][];
  /** Rows of `usage_hourly`, by their hour number. */
  hours: [from: number, to: number][];
  /** What is left at the edges, in milliseconds: single receipts and runs. */
  rest: [from: number, to: number][];
}

/** Splits [from, to), in milliseconds. Only an edge that is no whole hour is ever read call by call. */
export function coverRange(from: number, to: number): Cover {
  const [days, aroundDays] = split(from, to, dayMs);
  const hours: Cover["hours"] = [];
  const rest: Cover["rest"] = [];
  for (const [start, end] of aroundDays) {
    const [wholeHours, aroundHours] = split(start, end, hourMs);
    hours.push(...wholeHours);
    rest.push(...aroundHours);
  }
  return { days, hours, rest };
}

type Range = [from: number, to: number];

/** Whole units inside a range, and what of it lies around them. */
function split(from: number, to: number, unitMs: number): [units: Range[], around: Range[]] {
  const first = Math.ceil(from / unitMs);
  const last = Math.floor(to / unitMs);
  if (first >= last) return [[], from < to ? [[from, to]] : []];
  const around: Range[] = [
    [from, first * unitMs],
    [last * unitMs, to],
  ];
  return [[[first, last]], around.filter(([start, end]) => start < end)];
}
