import type { Clock } from "../base/clock.ts";
import { describeBug, type Log } from "../base/log.ts";
import { readOpenRuns, type OpenRun } from "../billing/open-runs.ts";
import { getRun, type RunStub } from "./get-run.ts";
import type { Env } from "../env.ts";

/** Later than any heartbeat or second look: whoever is still open then has lost its alarm, or simply takes long. */
const openForMs = 120_000;
/** Each run is one message to its RunObject, and a tick may send a thousand. None stays open for long: the oldest first. */
const pageSize = 100;
const pagesMax = 9;

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
  const startedBefore = deps.clock.now() - openForMs;
  let after: OpenRun | null = null;
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const page: OpenRun[] = await readOpenRuns(env.DB, { startedBefore, after, limit: pageSize });
    await Promise.all(page.map(({ id }) => wake(env, deps, id)));
    if (page.length < pageSize) return;
    after = page.at(-1) ?? null;
  }
}

async function wake(env: Env, deps: WakeDeps, runId: string): Promise<void> {
  const { log, runOf = (id) => getRun(env, id) } = deps;
  try {
    if (!(await runOf(runId).wake())) log.log("error", "run.lost", { runId });
  } catch (error) {
    log.log("error", "run.wake_failed", { runId, ...describeBug(error) });
  }
}
