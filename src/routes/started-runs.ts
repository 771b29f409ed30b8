/** Whoever starts a run opens its stream next; these many starts of an isolate are remembered for that. */
const rememberedMax = 1_000;

/** By database, as tests have several; run id to the account that started it, the oldest first. */
const started = new WeakMap<D1Database, Map<string, string>>();

/**
 * Remembers that this isolate has started a run. That it exists and whose it is never changes, so its viewers need not be
 * looked up in D1, whose one primary may be an ocean away.
 */
export function rememberStart(db: D1Database, runId: string, accountId: string): void {
  const runs = started.get(db) ?? new Map<string, string>();
  started.set(db, runs.set(runId, accountId));
  const [oldest] = runs.keys();
  if (runs.size > rememberedMax && oldest !== undefined) runs.delete(oldest);
}

/** False says nothing: another isolate may have started it, or this one long ago. */
export function hasStarted(db: D1Database, runId: string, accountId: string): boolean {
  return started.get(db)?.get(runId) === accountId;
}
