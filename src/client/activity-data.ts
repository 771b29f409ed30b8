import type { ActivitySeries } from "./wire.ts";

/** One group of the chart: what it was charged, step by step. */
export interface Spend {
  key: string;
  credits: number[];
  totalCredits: number;
}

export interface SpendTable {
  /** Start of each step, ISO 8601 UTC. */
  at: string[];
  /** The dearest first; at most six, the last of which gathers what is left. */
  groups: Spend[];
}

const groupsMax = 6;

export function spendTable(series: readonly ActivitySeries[]): SpendTable {
  const at = series[0]?.points.map((point) => point.at) ?? [];
  const groups = series
    .map(({ key, points }) =>
      spend(
        key,
        points.map((point) => point.chargedCredits),
      ),
    )
    .toSorted((a, b) => b.totalCredits - a.totalCredits);
  if (groups.length <= groupsMax) return { at, groups };
  const rest = groups.slice(groupsMax - 1);
  const others = at.map((_, index) => sum(rest.map(({ credits }) => credits[index] ?? 0)));
  return {
    at,
    groups: [...groups.slice(0, groupsMax - 1), spend(`${rest.length} others`, others)],
  };
}

/** Running totals over the groups, in the groups' order: the heights of stacked bars. */
export function stacked(groups: readonly Spend[]): number[][] {
  let below: number[] | null = null;
  return groups.map(({ credits }) => {
    const base: number[] | null = below;
    const heights = credits.map((value, index) => value + (base?.[index] ?? 0));
    below = heights;
    return heights;
  });
}

function spend(key: string, credits: number[]): Spend {
  return { key, credits, totalCredits: sum(credits) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
