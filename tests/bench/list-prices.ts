/** What Cloudflare bills a run for. Storage is apart (`StoredBytes`): it is paid for as long as it is kept. */
export interface RunUsage {
  workerRequests: number;
  workerCpuMs: number;
  objectRequests: number;
  objectGbSeconds: number;
  objectRowsRead: number;
  objectRowsWritten: number;
  d1RowsRead: number;
  d1RowsWritten: number;
  logEvents: number;
}

export interface StoredBytes {
  d1Bytes: number;
  objectBytes: number;
}

export interface ListPrice {
  usd: number;
  /** What `usd` buys: this many of `unit`. */
  per: number;
  unit: string;
  page: string;
}

const workersPage = "https://developers.cloudflare.com/workers/platform/pricing/";
const objectsPage = "https://developers.cloudflare.com/durable-objects/platform/pricing/";
const d1Page = "https://developers.cloudflare.com/d1/platform/pricing/";
const million = 1_000_000;
const gigabyte = 1_000_000_000;

/**
 * Workers Paid (Standard), US dollars, as of November 2026. What the plan includes each month, and its own 5 USD, are left
 * out: this is what one more run costs. Subrequests, D1 round trips, outgoing socket messages and traffic are free.
 */
export const listPrices: Readonly<Record<keyof RunUsage, ListPrice>> = {
  workerRequests: { usd: 0.3, per: million, unit: "requests", page: workersPage },
  workerCpuMs: { usd: 0.02, per: million, unit: "CPU ms", page: workersPage },
  objectRequests: { usd: 0.15, per: million, unit: "requests", page: objectsPage },
  objectGbSeconds: { usd: 12.5, per: million, unit: "GB-s", page: objectsPage },
  objectRowsRead: { usd: 0.001, per: million, unit: "rows", page: objectsPage },
  objectRowsWritten: { usd: 1, per: million, unit: "rows", page: objectsPage },
  d1RowsRead: { usd: 0.001, per: million, unit: "rows", page: d1Page },
  d1RowsWritten: { usd: 1, per: million, unit: "rows", page: d1Page },
  // From December 2026 on logs are to be billed by size, 0.25 USD per GB and 0.10 per GB-month of seven days.
  logEvents: { usd: 0.6, per: million, unit: "events", page: workersPage },
};

/** For one month. */
export const storagePrices: Readonly<Record<keyof StoredBytes, ListPrice>> = {
  d1Bytes: { usd: 0.75, per: gigabyte, unit: "bytes", page: d1Page },
  objectBytes: { usd: 0.2, per: gigabyte, unit: "bytes", page: objectsPage },
};

/** An object is billed for this much whatever it uses; a GB has 1000 MB on the pages' own examples. */
export const objectGb = 0.128;
