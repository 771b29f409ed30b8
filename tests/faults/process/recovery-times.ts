import type { Moments } from "./moments.ts";

/**
 * How long runs that a death cut off stay silent once the product answers again: until a new event, a new call at the
 * gateway, or their end. A death in between starts the clock anew.
 */
export class RecoveryTimes {
  /** Runs that somebody watches: the first request wakes them. */
  readonly watchedMs: number[] = [];
  /** Runs that nobody asks for: only their alarm wakes them. */
  readonly alarmMs: number[] = [];
  readonly #cutOff = new Map<string, { isWatched: boolean; since: number | null }>();
  readonly #moments: Moments;

  constructor(moments: Moments) {
    this.#moments = moments;
  }

  died(running: readonly { runId: string; isWatched: boolean }[]): void {
    for (const { runId, isWatched } of running) this.#cutOff.set(runId, { isWatched, since: null });
    for (const each of this.#cutOff.values()) each.since = null;
  }

  answersAgain(now: number): void {
    for (const each of this.#cutOff.values()) each.since = now;
  }

  isCutOff(runId: string): boolean {
    return this.#cutOff.has(runId);
  }

  signOfLife(runId: string, now: number): void {
    const cutOff = this.#cutOff.get(runId);
    if (cutOff === undefined || cutOff.since === null) return;
    this.#cutOff.delete(runId);
    (cutOff.isWatched ? this.watchedMs : this.alarmMs).push(now - cutOff.since);
    this.#moments.reached("recovering");
  }
}

/** The value below which this share of all lies; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
