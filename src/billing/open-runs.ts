/** Runs that hold credit since before `startedBefore` (ms since the epoch) and may be under way, oldest first. */
export async function readOpenRuns(
  db: D1Database,
  { startedBefore, limit }: { startedBefore: number; limit: number },
): Promise<string[]> {
  const { results } = await db
    .prepare(
      `SELECT id FROM graph_runs
       WHERE status IN ('pending', 'running') AND lease_open = 1 AND created_at < ?1
       ORDER BY created_at LIMIT ?2`,
    )
    .bind(startedBefore, limit)
    .all<{ id: string }>();
  return results.map(({ id }) => id);
}
