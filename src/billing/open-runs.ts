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
       WHERE status IN ('pending', 'running', 'interrupted') AND status <> 'interrupted'
         AND lease_open = 1 AND created_at < ?1
         AND (created_at, id) > (?2, ?3)
       ORDER BY created_at, id LIMIT ?4`,
    )
    .bind(startedBefore, after?.createdAt ?? -1, after?.id ?? "", limit)
    .all<OpenRun>();
  return results;
}

/** Runs at rest since their last start before `startedBefore` whose figures the gateway's log may still change, by id. */
export async function readUnreconciledRuns(
  db: D1Database,
  {
    startedBefore,
    after,
    limit,
  }: { startedBefore: number; after: { id: string } | null; limit: number },
): Promise<{ id: string }[]> {
  const { results } = await db
    .prepare(
      `SELECT id FROM graph_runs
       WHERE reconciling = 1 AND lease_open = 0 AND coalesce(finished_at, reopened_at, created_at) < ?1
         AND id > ?2
       ORDER BY id LIMIT ?3`,
    )
    .bind(startedBefore, after?.id ?? "", limit)
    .all<{ id: string }>();
  return results;
}
