import { describe, expect, it } from "vitest";
import { dollarsPerMillionRuns, total } from "./dollars.ts";
import { listPrices, objectGb, storagePrices } from "./list-prices.ts";

describe("the dollars of a million runs", () => {
  // By hand: a million runs of 2 requests are 2 million requests at 0.30 a million, and so on down the list.
  const counts = {
    workerRequests: 2,
    workerCpuMs: 10,
    objectRequests: 4,
    objectGbSeconds: 5 * objectGb,
    objectRowsRead: 500,
    objectRowsWritten: 60,
    d1RowsRead: 100,
    d1RowsWritten: 31,
    logEvents: 5,
  };
  const dollars = dollarsPerMillionRuns(counts, listPrices);

  it.each([
    ["workerRequests", 0.6],
    ["workerCpuMs", 0.2],
    ["objectRequests", 0.6],
    ["objectGbSeconds", 8],
    ["objectRowsRead", 0.5],
    ["objectRowsWritten", 60],
    ["d1RowsRead", 0.1],
    ["d1RowsWritten", 31],
    ["logEvents", 3],
  ] as const)("come to the list price of each driver: %s", (driver, expected) => {
    expect(dollars[driver]).toBeCloseTo(expected, 9);
  });

  it("add up", () => {
    expect(total(dollars)).toBeCloseTo(104, 9);
  });

  it("count storage by the month: 5 KB and 100 KB a run are 5 GB and 100 GB a million", () => {
    const kept = dollarsPerMillionRuns({ d1Bytes: 5_000, objectBytes: 100_000 }, storagePrices);
    expect(kept.d1Bytes).toBeCloseTo(3.75, 9);
    expect(kept.objectBytes).toBeCloseTo(20, 9);
  });
});
