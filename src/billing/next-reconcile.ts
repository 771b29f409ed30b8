const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const looksMs = [0, 30_000, 2 * minuteMs, 10 * minuteMs, hourMs] as const;

/** A gateway writes its log in batches: a look before this much time has passed does not end the reconciliation. */
export const logLagMs = 2 * minuteMs;
/** What the log does not show this long after a run's end, it never will. */
export const absenceProvenMs = hourMs;
/** A gateway that was down, or whose log cannot be read, for longer than this after a run's end is the audit's to report. */
export const givenUpMs = 7 * dayMs;

/** The looks that are over when one more is taken so long after a run's end: a late one stands for those it missed. */
export function looksAfter(looks: number, sinceMs: number): number {
  return Math.max(looks + 1, looksMs.filter((afterMs) => afterMs <= sinceMs).length);
}

/** A run whose receipts are all final begins with this many looks counted as done: one is left, which compares. */
export const looksSkippedWhenFinal = looksMs.indexOf(logLagMs);

/**
 * When a run looks at its gateway's log after `looks` looks, in milliseconds; null when it does so no more by itself. The
 * time may be past. Enough for a gateway that is up; the cron comes back for one that was down.
 */
export function nextReconcileAt(looks: number, endedAt: number): number | null {
  const afterMs = looksMs[looks];
  return afterMs === undefined ? null : endedAt + afterMs;
}
