import { SqlCheckpointSaver } from "../../../graphs/runtime/checkpoint/saver.ts";
import { ensureCheckpointTable } from "../../../graphs/runtime/checkpoint/table.ts";
import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";
import { sqliteStorage } from "../../run/sqlite-storage.ts";

/** A database in memory with the checkpointer's table. */
export function openStorage(): CheckpointStorage {
  const storage = sqliteStorage();
  ensureCheckpointTable(storage);
  return storage;
}

export function openSaver() {
  const storage = openStorage();
  return { storage, saver: new SqlCheckpointSaver(storage) };
}
