/** The part of a RunObject's storage that the run's parts use; `ctx.storage` is one. */
export interface RunStorage {
  readonly sql: Pick<SqlStorage, "exec">;
  transactionSync<T>(work: () => T): T;
}

/** Bound values as SQLite takes them. */
export type SqlValue = string | number | null;

/**
 * Versions of the stored shape, forward only; each entry runs once, in order. The reached version stands in the run's
 * row, since `PRAGMA user_version` is refused here. Tables are made by `start` alone: looking at a made-up run id must
 * not create a database.
 */
const migrations: readonly string[] = [
  `CREATE TABLE run (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     schema_version INTEGER NOT NULL,
     phase TEXT NOT NULL,
     start TEXT NOT NULL,
     history TEXT NOT NULL DEFAULT '[]',
     status TEXT NOT NULL,
     attempt INTEGER NOT NULL,
     rev INTEGER NOT NULL DEFAULT 0,
     lease_credits INTEGER NOT NULL DEFAULT 0,
     is_cancel_requested INTEGER NOT NULL DEFAULT 0,
     error_code TEXT,
     error_message TEXT,
     output TEXT,
     finish_tries INTEGER NOT NULL DEFAULT 0,
     created_at INTEGER NOT NULL,
     started_at INTEGER,
     finished_at INTEGER
   ) STRICT;
   CREATE TABLE events (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, event TEXT NOT NULL) STRICT;
   CREATE TABLE calls (
     ordinal INTEGER PRIMARY KEY,
     call_id TEXT NOT NULL,
     dispatch INTEGER NOT NULL,
     dispatch_id TEXT NOT NULL,
     attempt INTEGER NOT NULL,
     node_key TEXT NOT NULL,
     checkpoint_ns TEXT NOT NULL,
     request_hash TEXT NOT NULL,
     message_id TEXT NOT NULL,
     state TEXT NOT NULL,
     model TEXT NOT NULL,
     most_credits INTEGER NOT NULL,
     charged_credits INTEGER NOT NULL DEFAULT 0,
     input_tokens INTEGER NOT NULL DEFAULT 0,
     output_tokens INTEGER NOT NULL DEFAULT 0,
     usage_unit_id TEXT,
     settlement TEXT,
     outbox_key TEXT,
     output TEXT,
     started_at INTEGER NOT NULL,
     ended_at INTEGER
   ) STRICT;
   CREATE TABLE outbox (
     outbox_key TEXT PRIMARY KEY,
     fact TEXT NOT NULL,
     state TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;`,
];

export const schemaVersion = migrations.length;

export function hasTables(storage: RunStorage): boolean {
  const found = storage.sql
    .exec("SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'run'")
    .toArray();
  return found.length > 0;
}

/** Brings the tables from `version` to the present one. */
export function migrate(storage: RunStorage, version: number): void {
  for (const statements of migrations.slice(version)) storage.sql.exec(statements);
}
