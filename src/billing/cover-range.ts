const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The tables that have usage by time: `usage_daily`, `usage_hourly`, and for the rest single receipts and runs. */
export type Unit = "days" | "hours" | "rest";

/** A stretch of one table, [from, to): day numbers, hour numbers or milliseconds. */
export interface Stretch {
  unit: Unit;
  from: number;
  to: number;
  /** The steps that it is added to, and the step that it is taken from. */
  counts: { step: number; sign: 1 | -1 }[];
}

/**
 * Stretches that sum up to the steps [bounds[i], bounds[i + 1]), each in the coarsest table that has it; bounds are
 * milliseconds, ascending.
 */
export function coverSteps(bounds: readonly number[], isByDay: boolean): Stretch[] {
  return isByDay
    ? coverDays(bounds)
    : bounds.slice(1).flatMap((to, step) => coverStep(bounds, to, step));
}

/**
 * Days of a zone are days of UTC that begin a few hours early or late. So each is a day of UTC, with what lies between
 * its bounds and the nearest midnights added or taken away; a bound has two neighbours and is read once for both. That is
 * as many hours a day as the zone is away from UTC, at most 12, instead of 24.
 */
function coverDays(bounds: readonly number[]): Stretch[] {
  const stretches: Stretch[] = [];
  const midnights = bounds.map((bound) => Math.round(bound / dayMs));
  for (const [index, bound] of bounds.entries()) {
    const midnight = midnights[index] ?? 0;
    const nextMidnight = midnights[index + 1] ?? midnight;
    if (midnight < nextMidnight) {
      stretches.push({
        unit: "days",
        from: midnight,
        to: nextMidnight,
        counts: [{ step: index, sign: 1 }],
      });
    }
    const hour = Math.round(bound / hourMs);
    stretches.push(
      ...between("hours", midnight * (dayMs / hourMs), hour, index),
      ...between("rest", hour * hourMs, bound, index),
    );
  }
  return stretches.map((stretch) => ({
    ...stretch,
    counts: stretch.counts.filter(({ step }) => step >= 0 && step < bounds.length - 1),
  }));
}

/** From the nearest coarse mark to a bound: what lies before the bound belongs to the step that ends there. */
function between(unit: Unit, mark: number, bound: number, index: number): Stretch[] {
  if (mark === bound) return [];
  const before = { step: index - 1 };
  const after = { step: index };
  return mark < bound
    ? [
        {
          unit,
          from: mark,
          to: bound,
          counts: [
            { ...before, sign: 1 },
            { ...after, sign: -1 },
          ],
        },
      ]
    : [
        {
          unit,
          from: bound,
          to: mark,
          counts: [
            { ...before, sign: -1 },
            { ...after, sign: 1 },
          ],
        },
      ];
}

function coverStep(bounds: readonly number[], to: number, step: number): Stretch[] {
  const from = bounds[step] ?? to;
  const counts: Stretch["counts"] = [{ step, sign: 1 }];
  const [days, aroundDays] = split(from, to, dayMs);
  const stretches: Stretch[] = days.map((range) => ({ unit: "days", ...range, counts }));
  for (const part of aroundDays) {
    const [hours, rest] = split(part.from, part.to, hourMs);
    stretches.push(...hours.map((range): Stretch => ({ unit: "hours", ...range, counts })));
    stretches.push(...rest.map((range): Stretch => ({ unit: "rest", ...range, counts })));
  }
  return stretches;
}

interface Range {
  from: number;
  to: number;
}

/** Whole units inside a range, and what of it lies around them. */
function split(from: number, to: number, unitMs: number): [whole: Range[], around: Range[]] {
  const first = Math.ceil(from / unitMs);
  const last = Math.floor(to / unitMs);
  if (first >= last) return [[], from < to ? [{ from, to }] : []];
  const around = [
    { from, to: first * unitMs },
    { from: last * unitMs, to },
  ];
  return [[{ from: first, to: last }], around.filter((range) => range.from < range.to)];
}
