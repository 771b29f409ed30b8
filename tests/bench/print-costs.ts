import { dollarsPerMillionRuns, total } from "./dollars.ts";
import { listPrices, storagePrices, type RunUsage, type StoredBytes } from "./list-prices.ts";
import type { RunCosts } from "./run-costs.ts";

const driverNames: Readonly<Record<keyof RunUsage, string>> = {
  workerRequests: "Worker requests",
  workerCpuMs: "Worker CPU, ms at most",
  objectRequests: "object requests",
  objectGbSeconds: "object duration, GB-s",
  objectRowsRead: "object rows read",
  objectRowsWritten: "object rows written, at most",
  d1RowsRead: "D1 rows read",
  d1RowsWritten: "D1 rows written",
  logEvents: "log events",
};
const storageNames: Readonly<Record<keyof StoredBytes, string>> = {
  d1Bytes: "bytes in D1",
  objectBytes: "bytes in its object",
};

type Both<Value> = Readonly<Record<"oneCall" | "tenCalls", Value>>;

export function printCosts(costs: Both<RunCosts>): void {
  const counts = ({ seconds, d1RoundTrips, run }: RunCosts) => ({
    seconds: rounded(seconds),
    d1RoundTrips,
    d1RowsWritten: run.d1RowsWritten,
    objectRowsWritten: rounded(run.objectRowsWritten),
  });
  console.log("\nOne Runledger run, of one call and of ten:");
  console.table(transposed(mapBoth(costs, counts)));
  console.log(`
A million runs at Cloudflare's list prices of November 2026 (tests/bench/list-prices.ts), Workers Paid, without what the
plan includes. Each call answers after 1 s; nine of the ten ask for a tool, and the reply of 200 tokens takes 3 s more.
Each run is started and watched over its socket by a program, held against LiteLLM's log two minutes later, and
forgotten after RETENTION_DAYS. At most: CPU is that of all server processes, most of it in objects, whose CPU is not
billed; rows include those of the objects' table definitions.
`);
  const dollars = mapBoth(costs, ({ run }) => dollarsPerMillionRuns(run, listPrices));
  const dollarsOf = (part: "looking" | "forgetting") =>
    mapBoth(costs, (each) => total(dollarsPerMillionRuns(each[part], listPrices)));
  const [looking, forgetting] = [dollarsOf("looking"), dollarsOf("forgetting")];
  console.table({
    ...lines(
      driverNames,
      mapBoth(costs, ({ run }) => run),
      dollars,
    ),
    "its look at the gateway's log": usd(looking),
    "forgetting it": usd(forgetting),
    total: usd({
      oneCall: total(dollars.oneCall) + looking.oneCall + forgetting.oneCall,
      tenCalls: total(dollars.tenCalls) + looking.tenCalls + forgetting.tenCalls,
    }),
  });
  console.log("To keep a million runs for a month:");
  const stored = mapBoth(costs, (each) => each.stored);
  const kept = mapBoth(stored, (bytes) => dollarsPerMillionRuns(bytes, storagePrices));
  console.table(lines(storageNames, stored, kept));
}

/** A line a driver: what a run uses of it, and what that comes to. */
function lines<Driver extends string>(
  names: Readonly<Record<Driver, string>>,
  counts: Both<Readonly<Record<Driver, number>>>,
  dollars: Both<Readonly<Record<Driver, number>>>,
): Record<string, object> {
  const drivers = Object.keys(names) as Driver[];
  const line = (driver: Driver) => ({
    "one call": rounded(counts.oneCall[driver]),
    "ten calls": rounded(counts.tenCalls[driver]),
    ...usd(mapBoth(dollars, (each) => each[driver])),
  });
  return Object.fromEntries(drivers.map((driver) => [names[driver], line(driver)]));
}

function usd({ oneCall, tenCalls }: Both<number>): object {
  return { "one call, USD": cents(oneCall), "ten calls, USD": cents(tenCalls) };
}

function transposed({ oneCall, tenCalls }: Both<Record<string, number>>): Record<string, object> {
  const names = Object.keys(oneCall);
  const line = (name: string) => ({ "one call": oneCall[name], "ten calls": tenCalls[name] });
  return Object.fromEntries(names.map((name) => [name, line(name)]));
}

function mapBoth<From, To>({ oneCall, tenCalls }: Both<From>, to: (from: From) => To): Both<To> {
  return { oneCall: to(oneCall), tenCalls: to(tenCalls) };
}

function cents(dollars: number): number {
  return Math.round(dollars * 100) / 100;
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
