import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";
import { checkpointMigrations } from "./migrations.ts";
import type { CheckpointSql } from "./storage.ts";

/**
 * Makes the checkpointer's tables, or brings older ones up to date. Only who is about to write calls it: reading must
 * never make a table, or looking at a made-up run would make a database. The version reached stands in a row, since a
 * Durable Object refuses `PRAGMA user_version`. True: there were none until now.
 */
export function ensureCheckpointTables(
  storage: CheckpointStorage,
  migrations: readonly string[] = checkpointMigrations,
): boolean {
  const { sql } = storage;
  const reached = versionOf(sql);
  if (reached >= migrations.length) return false;
  const statements = [
    ...(reached === 0 ? [schemaTable] : []),
    ...migrations.slice(reached),
    `INSERT OR REPLACE INTO checkpoint_schema (id, version) VALUES (1, ${migrations.length});`,
  ];
  storage.transactionSync(() => sql.exec(statements.join("\n")));
  return reached === 0;
}

const schemaTable = `CREATE TABLE checkpoint_schema (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     version INTEGER NOT NULL
   ) STRICT;`;

/** 0: there are no tables. */
function versionOf(sql: CheckpointSql): number {
  const tables = sql
    .exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'checkpoint_schema'")
    .toArray();
  if (tables.length === 0) return 0;
  const [row] = sql.exec("SELECT version FROM checkpoint_schema").toArray();
  return Number(row?.["version"]);
}
