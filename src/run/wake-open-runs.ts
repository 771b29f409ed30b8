import { readOpenRuns } from "../billing/open-runs.ts";
import type { Env } from "../env.ts";
import { visitRuns, type VisitDeps } from "./visit-runs.ts";

/** Later than any heartbeat or second look: whoever is still open then has lost its alarm, or simply takes long. */
const openForMs = 120_000;
const pagesMax = 6;

/**
 * Has every run that D1 takes for open look at itself: one that never started, or lost its alarm, goes on. Waking a run
 * that is well does nothing. None stays open for long: the oldest first.
 */
export async function wakeOpenRuns(env: Env, deps: VisitDeps): Promise<void> {
  const startedBefore = deps.clock.now() - openForMs;
  await visitRuns(
    env,
    deps,
    (after: { id: string; createdAt: number } | null, limit) =>
      readOpenRuns(env.DB, { startedBefore, after, limit }),
    async (run, runId) => {
      if (await run.wake()) return;
      deps.log.log("error", "run.lost", { runId });
      await run.giveUp(runId);
    },
    pagesMax,
  );
}
