import { checkpointMigrations } from "../../../graphs/runtime/checkpoint/migrations.ts";
import type { CheckpointStorage } from "../../../graphs/runtime/checkpoint/storage.ts";
import { sqliteStorage } from "../../run/sqlite-storage.ts";

/** A database in memory with the checkpointer's tables. */
export function openStorage(): CheckpointStorage {
  const storage = sqliteStorage();
  for (const migration of checkpointMigrations) storage.sql.exec(migration);
  return storage;
}
