const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const firstLooksMs = [0, 30_000, 2 * minuteMs, 10 * minuteMs, hourMs] as const;
/** A gateway that was down for longer than this is the audit's to report. */
const lastLookMs = 7 * 24 * hourMs;

/** A gateway writes its log in batches: a look before this much time has passed does not end the reconciliation. */
export const logLagMs = 2 * minuteMs;
/** What the log does not show this long after a run's end, it never will. */
export const absenceProvenMs = hourMs;

/**
 * When the gateway's log is looked at after `tries` looks, in milliseconds; null when no more. The time may be past. The
 * first five looks are enough for a gateway that is up; the later ones are for one that was down.
 */
export function nextReconcileAt(tries: number, endedAt: number): number | null {
  const early = firstLooksMs[tries];
  if (early !== undefined) return endedAt + early;
  const waitMs = hourMs * 2 ** (tries - firstLooksMs.length + 1);
  return waitMs > lastLookMs ? null : endedAt + waitMs;
}
