import type { OpenRun } from "../open-run.ts";
import { emptyEvents, ownTables } from "../storage.ts";

/**
 * Forgets what was said in a run that ended long ago: events, checkpoints, messages and the recorded results of its
 * calls. What it was, how it ended, its calls and their usage stay. Only for a run that is settled: all of its usage is
 * in D1.
 */
export function purgeRun(run: OpenRun): void {
  const { deps, state, events, answers } = run;
  const { sql } = deps.storage;
  const { start } = state.present;
  const checkpointTables = sql
    .exec<{ name: string }>(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'
         AND name NOT IN (${ownTables.map(() => "?").join(", ")})`,
      ...ownTables,
    )
    .toArray();
  run.atomically(() => {
    state.update({
      purgedAtSeq: events.lastSeq,
      history: [],
      start: { ...start, messages: [], threadTitle: "" },
    });
    for (const { name } of checkpointTables) sql.exec(`DROP TABLE "${name}"`);
    emptyEvents(deps.storage);
    answers.clear();
    sql.exec("UPDATE calls SET output = NULL");
  });
}
