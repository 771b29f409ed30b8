import type { Clock } from "../base/clock.ts";
import { describeBug, type Log } from "../base/log.ts";
import { readOpenRuns } from "../billing/open-runs.ts";
import { getRun, type RunStub } from "./get-run.ts";
import type { Env } from "../env.ts";

/** Later than any heartbeat or second look: whoever is still open then has lost its alarm, or simply takes long. */
const openForMs = 120_000;
/** Each is one message to a RunObject; the oldest come first, so that the next tick reaches the others. */
const runsMax = 100;

export interface WakeDeps {
  clock: Clock;
  log: Log;
  /** RunObjects unless a test says otherwise. */
  runOf?: (runId: string) => Pick<RunStub, "wake">;
}

/**
 * Has every run that D1 takes for open look at itself: one that never started, or lost its alarm, goes on. Waking a run
 * that is well does nothing.
 */
export async function wakeOpenRuns(env: Env, deps: WakeDeps): Promise<void> {
  const { clock, log, runOf = (runId) => getRun(env, runId) } = deps;
  const startedBefore = clock.now() - openForMs;
  const runIds = await readOpenRuns(env.DB, { startedBefore, limit: runsMax });
  await Promise.all(
    runIds.map(async (runId) => {
      try {
        const isThere = await runOf(runId).wake();
        if (!isThere) log.log("error", "run.lost", { runId });
      } catch (error) {
        log.log("error", "run.wake_failed", { runId, ...describeBug(error) });
      }
    }),
  );
}
