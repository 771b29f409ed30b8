import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Env } from "../env.ts";
import type { RunCatalogs } from "../run/get-run.ts";
import { runPort } from "./run-port.ts";
import type { RunPort } from "./run-port.ts";
import { takePage } from "./take-page.ts";
import { applyChanges, readDuePage } from "./tick-rows.ts";
import { addToReport, emptyReport } from "./tick-report.ts";
import type { TickReport } from "./tick-report.ts";

/** A page costs three or four D1 round trips; this many small statements stay far below the 30 s of a batch. */
const pageSize = 100;

export interface TickDeps {
  catalogs: RunCatalogs;
  clock: Clock;
  log: Log;
  /** RunObjects unless a test says otherwise. */
  runs?: RunPort;
}

/**
 * Starts the runs of all due slots and moves their schedules on; nothing is executed here. It may be late, doubled,
 * overlapping or cut off at any point: a slot's run id is derived from the slot, and a schedule moves only from the
 * slot that was dealt with. Rejects only when D1 cannot be reached; the next tick then takes up what is still due.
 */
export async function runTick(env: Env, deps: TickDeps): Promise<TickReport> {
  const { catalogs, clock, log, runs = runPort(env) } = deps;
  const db = env.DB;
  const now = clock.now();
  const report = emptyReport();
  let page = await readDuePage(db, now, null, pageSize);
  while (page.length > 0) {
    const taken = await takePage({ db, runs, catalogs, log, now }, page);
    await applyChanges(
      db,
      taken.flatMap(({ change }) => change ?? []),
    );
    for (const { firing, change } of taken) addToReport(report, firing, change);
    const last = page.length < pageSize ? undefined : page.at(-1);
    page = last === undefined ? [] : await readDuePage(db, now, last, pageSize);
  }
  if (report.due > 0) log.log("info", "schedule.tick", { ...report });
  return report;
}
