import type { Counts } from "./counting-worker.ts";
import { startOnWorkerd } from "./runledger.ts";
import { promptFor } from "./subject.ts";

/**
 * What one run writes: D1 round trips, D1 rows (an index entry is a row) and rows of its own object, averaged over a few
 * runs, one after the other. Measured apart from the timed rounds, with counters around the storage.
 */
export async function readRunCosts(gatewayBaseUrl: string, tokens: number): Promise<Counts> {
  const runs = 5;
  const subject = await startOnWorkerd(gatewayBaseUrl, tokens, "tests/bench/counting-worker.ts");
  try {
    // The first run of an account also makes the account.
    await subject.run(promptFor(tokens, "at once"));
    const before = await readCounts(subject.url);
    for (let run = 0; run < runs; run += 1) await subject.run(promptFor(tokens, "at once"));
    const after = await readCounts(subject.url);
    return {
      d1RoundTrips: (after.d1RoundTrips - before.d1RoundTrips) / runs,
      d1RowsWritten: (after.d1RowsWritten - before.d1RowsWritten) / runs,
      objectRowsWritten: (after.objectRowsWritten - before.objectRowsWritten) / runs,
    };
  } finally {
    await subject.stop();
  }
}

async function readCounts(url: string): Promise<Counts> {
  const answer = await fetch(`${url}/bench/counts`);
  return answer.json<Counts>();
}
