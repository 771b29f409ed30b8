import type { ListPrice } from "./list-prices.ts";

const runs = 1_000_000;

/** What a million runs cost that each use `counts`, by driver, in dollars. */
export function dollarsPerMillionRuns<Driver extends string>(
  counts: Readonly<Record<Driver, number>>,
  prices: Readonly<Record<Driver, Pick<ListPrice, "usd" | "per">>>,
): Record<Driver, number> {
  const drivers = Object.keys(prices) as Driver[];
  const dollars = drivers.map((driver) => {
    const { usd, per } = prices[driver];
    return [driver, (counts[driver] * runs * usd) / per] as const;
  });
  return Object.fromEntries(dollars) as Record<Driver, number>;
}

export function total(dollars: Readonly<Record<string, number>>): number {
  return Object.values(dollars).reduce((sum, each) => sum + each, 0);
}
