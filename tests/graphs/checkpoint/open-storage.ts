import { ensureCheckpointTables } from "../../../graphs/runtime/checkpoint/tables.ts";
import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";
import { sqliteStorage } from "../../run/sqlite-storage.ts";

/** A database in memory with the checkpointer's tables. */
export function openStorage(): CheckpointStorage {
  const storage = sqliteStorage();
  ensureCheckpointTables(storage);
  return storage;
}
