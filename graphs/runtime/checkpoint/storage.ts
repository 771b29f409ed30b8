/** Bound values that the checkpointer uses. */
export type CheckpointBinding = string | number | null;

export interface CheckpointSql {
  exec(
    query: string,
    ...bindings: CheckpointBinding[]
  ): { toArray(): Readonly<Record<string, unknown>>[] };
}

/**
 * The synchronous SQLite that checkpoints are kept in; a Durable Object's `ctx.storage` is one. `transactionSync` undoes
 * everything that `work` wrote when it throws.
 */
export interface CheckpointStorage {
  readonly sql: CheckpointSql;
  transactionSync<T>(work: () => T): T;
}
