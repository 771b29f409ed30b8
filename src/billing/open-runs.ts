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
