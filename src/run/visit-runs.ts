import type { Clock } from "../base/clock.ts";
import { describeBug, type Log } from "../base/log.ts";
import type { Env } from "../env.ts";
import { getRun, type RunStub } from "./get-run.ts";

const pageSize = 100;

export interface VisitDeps {
  clock: Clock;
  log: Log;
  /** RunObjects unless a test says otherwise. */
  runOf?: (runId: string) => VisitedRun;
}

/** A run as the cron asks it. */
export type VisitedRun = Pick<RunStub, "wake" | "reconcile" | "giveUp">;

export type Visit = (run: VisitedRun, runId: string) => Promise<void>;

/** Asks the RunObjects of these runs for something. One that cannot be asked now is logged, and keeps no other back. */
export async function visitEach(
  env: Env,
  { log, runOf = (id) => getRun(env, id) }: VisitDeps,
  runIds: readonly string[],
  visit: Visit,
): Promise<void> {
  await Promise.all(
    runIds.map(async (runId) => {
      try {
        await visit(runOf(runId), runId);
      } catch (error) {
        log.log("error", "run.visit_failed", { runId, ...describeBug(error) });
      }
    }),
  );
}

/**
 * Asks the RunObjects of the runs that `readPage` finds for something, page after page. One that cannot be asked now is
 * found again at a later tick. Throws when D1 is unreachable.
 */
export async function visitRuns<Place extends { id: string }>(
  env: Env,
  deps: VisitDeps,
  readPage: (after: Place | null, limit: number) => Promise<Place[]>,
  visit: Visit,
  /** Each run is one message to its RunObject, and a tick, with all its chores, may send a thousand. */
  pagesMax: number,
): Promise<void> {
  let after: Place | null = null;
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const page: Place[] = await readPage(after, pageSize);
    const runIds = page.map(({ id }) => id);
    await visitEach(env, deps, runIds, visit);
    if (page.length < pageSize) return;
    after = page.at(-1) ?? null;
  }
}
