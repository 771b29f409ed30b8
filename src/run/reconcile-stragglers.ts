import { newId } from "../base/ids.ts";
import { giveUpReconciling, readUnreconciledRuns } from "../billing/open-runs.ts";
import type { Env } from "../env.ts";
import { visitRuns, type VisitDeps } from "./visit-runs.ts";

/** Twice as long as a run looks at the gateway's log by itself. */
const unreconciledForMs = 2 * 60 * 60_000;
const pagesMax = 2;

/**
 * Has runs look at the gateway's log once more whose own looks are over and did not see everything: the gateway was down,
 * or an alarm was lost. For the hourly cron; each hour begins at another id, so that those which stay as they are keep no
 * others from their turn.
 */
export async function reconcileStragglers(env: Env, deps: VisitDeps): Promise<void> {
  const finishedBefore = deps.clock.now() - unreconciledForMs;
  const first = newId("run");
  await visitRuns(
    env,
    deps,
    (after: { id: string } | null, limit) =>
      readUnreconciledRuns(env.DB, { finishedBefore, first, after: after?.id ?? first, limit }),
    async (run, runId) => {
      if (await run.reconcile()) return;
      deps.log.log("error", "run.lost", { runId });
      await giveUpReconciling(env.DB, runId);
    },
    pagesMax,
  );
}
