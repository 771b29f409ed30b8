import type { VisitedRun } from "../../src/run/visit-runs.ts";

/** A RunObject as the cron asks it; one that is well unless a test says otherwise. */
export function visitedRun(changes: Partial<VisitedRun> = {}): VisitedRun {
  return {
    wake: () => Promise.resolve(true),
    reconcile: () => Promise.resolve(true),
    giveUp: () => Promise.resolve(),
    ...changes,
  };
}
