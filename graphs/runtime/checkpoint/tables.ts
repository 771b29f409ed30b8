import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";
import { checkpointMigrations } from "./migrations.ts";
import type { CheckpointSql } from "./storage.ts";

/**
 * Makes the checkpointer's tables, or brings older ones up to date. Only who is about to write calls it: reading must
 * never make a table, or looking at a made-up run would make a database. The version reached stands in a row, since a
 * Durable Object refuses `PRAGMA user_version`.
 */
export function ensureCheckpointTables(
  storage: CheckpointStorage,
  migrations: readonly string[] = checkpointMigrations,
): void {
  const { sql } = storage;
  const reached = versionOf(sql);
  if (reached >= migrations.length) return;
  storage.transactionSync(() => {
    if (reached === 0) {
      sql.exec(
        `CREATE TABLE checkpoint_schema (
           id INTEGER PRIMARY KEY CHECK (id = 1),
           version INTEGER NOT NULL
         ) STRICT;`,
      );
    }
    for (const statements of migrations.slice(reached)) sql.exec(statements);
    sql.exec(
      "INSERT OR REPLACE INTO checkpoint_schema (id, version) VALUES (1, ?)",
      migrations.length,
    );
  });
}

/** 0: there are no tables. */
function versionOf(sql: CheckpointSql): number {
  const tables = sql
    .exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'checkpoint_schema'")
    .toArray();
  if (tables.length === 0) return 0;
  const [row] = sql.exec("SELECT version FROM checkpoint_schema").toArray();
  return Number(row?.["version"]);
}
