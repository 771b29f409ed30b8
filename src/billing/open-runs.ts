import { activeStatuses } from "../db/active-runs.ts";

/** Where a page of open runs ended. */
export interface OpenRun {
  id: string;
  createdAt: number;
}

/** Runs that hold credit since before `startedBefore` (ms since the epoch) and may be under way, oldest first. */
export async function readOpenRuns(
  db: D1Database,
  { startedBefore, after, limit }: { startedBefore: number; after: OpenRun | null; limit: number },
): Promise<OpenRun[]> {
  const { results } = await db
    .prepare(
      `SELECT id, created_at AS createdAt FROM graph_runs
       -- Said like this, the statement is served by the index of active runs.
       WHERE status IN ${activeStatuses} AND status <> 'interrupted'
         AND lease_open = 1 AND created_at < ?1
         AND (created_at, id) > (?2, ?3)
       ORDER BY created_at, id LIMIT ?4`,
    )
    .bind(startedBefore, after?.createdAt ?? -1, after?.id ?? "", limit)
    .all<OpenRun>();
  return results;
}

export interface UnreconciledWish {
  /** Milliseconds since the epoch. */
  finishedBefore: number;
  /** Where a round began: ids above it come first, then those from the beginning up to it. */
  first: string;
  after: string;
  limit: number;
}

/** Runs that have ended and whose figures the gateway's log may still change. */
export async function readUnreconciledRuns(
  db: D1Database,
  { finishedBefore, first, after, limit }: UnreconciledWish,
): Promise<{ id: string }[]> {
  const read = async (above: string, upTo: string, most: number) => {
    const { results } = await db
      .prepare(
        `SELECT id FROM graph_runs
         WHERE reconciling = 1 AND status <> 'interrupted' AND lease_open = 0
           AND finished_at < ?1 AND id > ?2 AND id <= ?3
         ORDER BY id LIMIT ?4`,
      )
      .bind(finishedBefore, above, upTo, most)
      .all<{ id: string }>();
    return results;
  };
  if (after < first) return read(after, first, limit);
  const later = await read(after, "~", limit);
  return later.length === limit
    ? later
    : [...later, ...(await read("", first, limit - later.length))];
}

/** Of a run that nobody has any more. */
export async function giveUpReconciling(db: D1Database, runId: string): Promise<void> {
  await db.prepare("UPDATE graph_runs SET reconciling = 0 WHERE id = ?1").bind(runId).run();
}

/** By then nobody who got no answer to a start asks again. */
const lostForMs = 10 * 60_000;
const lost =
  "The ledger's answer to this run's start came too late: it was never begun, and nothing was used. Start it again.";

/** Ends a run that was let in, was never driven and is lost; gives its hold back. A younger one is left alone. */
export async function giveUpRun(db: D1Database, runId: string, now: number): Promise<void> {
  await db
    .prepare(
      `UPDATE graph_runs SET status = 'error', error_code = 'internal', error_message = ?2, finished_at = ?3,
         lease_open = 0, rev = rev + 1
       WHERE id = ?1 AND rev = 1 AND lease_open = 1 AND call_count = 0 AND created_at < ?4`,
    )
    .bind(runId, lost, now, now - lostForMs)
    .run();
}
