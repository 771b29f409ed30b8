/** The part of a RunObject's storage that the run's parts use; `ctx.storage` is one. */
export interface RunStorage {
  readonly sql: Pick<SqlStorage, "exec">;
  transactionSync<T>(work: () => T): T;
}

/** Bound values as SQLite takes them. */
export type SqlValue = string | number | null;

const eventsTable =
  "CREATE TABLE events (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, event TEXT NOT NULL) STRICT;";

/**
 * The present shape, made at once for a new run; the table of answers is made by the first answer. No look makes any:
 * looking at a made-up run id must not create a database.
 */
const tables = `
   CREATE TABLE run (
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
     finished_at INTEGER,
     epoch INTEGER NOT NULL DEFAULT 0,
     recoveries INTEGER NOT NULL DEFAULT 0,
     settled_calls INTEGER NOT NULL DEFAULT 0,
     driving_since INTEGER,
     interrupts TEXT NOT NULL DEFAULT '[]',
     purged_at_seq INTEGER,
     reconcile_from INTEGER,
     looks INTEGER NOT NULL DEFAULT 0,
     ledger_ahead_credits INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   ${eventsTable}
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
   ) STRICT, WITHOUT ROWID;`;

/**
 * What leads an older run to the present shape, forward only: entry n takes version n + 1 to n + 2. The reached version
 * stands in the run's row, since `PRAGMA user_version` is refused here.
 */
const upgrades: readonly string[] = [
  `ALTER TABLE run ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE run ADD COLUMN recoveries INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE run ADD COLUMN settled_calls INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE run ADD COLUMN driving_since INTEGER;
   ALTER TABLE run ADD COLUMN interrupts TEXT NOT NULL DEFAULT '[]';
   ALTER TABLE run ADD COLUMN purged_at_seq INTEGER;`,
  `ALTER TABLE run ADD COLUMN reconcile_from INTEGER;
   ALTER TABLE run ADD COLUMN looks INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE run ADD COLUMN ledger_ahead_credits INTEGER NOT NULL DEFAULT 0;`,
];

export const schemaVersion = upgrades.length + 1;

/** The run's own tables; any other in its database holds checkpoints. */
export const ownTables: readonly string[] = ["run", "events", "calls", "outbox", "answers"];

export function hasTables(storage: RunStorage): boolean {
  return hasTable(storage, "run");
}

export function hasTable({ sql }: RunStorage, name: string): boolean {
  const found = sql
    .exec("SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = ?", name)
    .toArray();
  return found.length > 0;
}

export function createTables(storage: RunStorage): void {
  storage.sql.exec(tables);
}

/** Each row that is deleted is paid for like one that is written; those of a table that is dropped are not. */
export function emptyEvents({ sql }: RunStorage): void {
  sql.exec("DROP TABLE events");
  sql.exec(eventsTable);
}

/** Brings the tables of an older run from `version` to the present one. */
export function upgrade(storage: RunStorage, version: number): void {
  for (const statements of upgrades.slice(version - 1)) storage.sql.exec(statements);
}
