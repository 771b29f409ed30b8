/**
 * What the counting worker has seen of what is billed; `…Bytes` is what is stored. Locally all objects live in one isolate,
 * so that module variables see them all.
 */
export const counts = {
  workerRequests: 0,
  objectRequests: 0,
  objectRowsRead: 0,
  objectRowsWritten: 0,
  objectBytes: 0,
  d1RoundTrips: 0,
  d1RowsRead: 0,
  d1RowsWritten: 0,
  d1Bytes: 0,
  logEvents: 0,
};
export type Counts = typeof counts;

/** Cloudflare keeps an event for every line and one for every invocation, and bills them alike. */
export function countLogLines(): void {
  for (const level of ["log", "warn", "error"] as const) {
    const print = console[level].bind(console);
    console[level] = (...args: unknown[]) => {
      counts.logEvents += 1;
      print(...args);
    };
  }
}
