import type { RunRow } from "./run-state.ts";

/** A driver that died is found after at most this long. */
export const heartbeatMs = 30_000;
/** Longer than an admission with its repeats takes; the second look waits for one that is still under way. */
export const admissionRecheckMs = 60_000;
const finishRetryMsMin = 1_000;
const finishRetryMsMax = 300_000;

/**
 * When the run must be looked at again, or null when it needs no one. Times in ms since the epoch. A run that waits for a
 * person waits for as long as it takes; one that is over is looked at once more, to be purged.
 */
export function nextAlarm(
  row: Pick<
    RunRow,
    | "phase"
    | "status"
    | "isCancelRequested"
    | "finishTries"
    | "createdAt"
    | "finishedAt"
    | "purgedAtSeq"
  >,
  now: number,
  retentionMs: number,
): number | null {
  switch (row.phase) {
    case "admitting":
      return Math.max(now, row.createdAt) + admissionRecheckMs;
    case "driving":
      return now + heartbeatMs;
    case "reopening":
    case "finishing":
      return now + Math.min(finishRetryMsMin * 2 ** row.finishTries, finishRetryMsMax);
    case "settled":
      if (row.status === "interrupted" && row.isCancelRequested) return now;
      if (row.finishedAt === null || row.purgedAtSeq !== null) return null;
      return Math.max(now, row.finishedAt + retentionMs);
  }
}
