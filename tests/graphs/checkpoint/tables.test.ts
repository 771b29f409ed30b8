import { describe, expect, it } from "vitest";
import { ensureCheckpointTables } from "../../../graphs/runtime/checkpoint/tables.ts";
import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";
import { sqliteStorage } from "../../run/sqlite-storage.ts";

function tablesIn({ sql }: CheckpointStorage): unknown[] {
  return sql
    .exec("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .toArray()
    .map((row) => row["name"]);
}

describe("the checkpointer's tables", () => {
  it("are made once", () => {
    const storage = sqliteStorage();
    ensureCheckpointTables(storage);
    const made = tablesIn(storage);
    const rowsWritten = storage.rowsWritten();
    ensureCheckpointTables(storage);
    expect(made).toContain("checkpoints");
    expect(tablesIn(storage)).toEqual(made);
    expect(storage.rowsWritten()).toBe(rowsWritten);
  });

  it("of an older version get what has come since, and nothing twice", () => {
    const storage = sqliteStorage();
    const first = "CREATE TABLE a (x TEXT) STRICT;";
    const second = "CREATE TABLE b (x TEXT) STRICT;";
    ensureCheckpointTables(storage, [first]);
    ensureCheckpointTables(storage, [first, second]);
    ensureCheckpointTables(storage, [first, second]);
    expect(tablesIn(storage)).toEqual(["a", "b", "checkpoint_schema"]);
  });

  it("are made all or none", () => {
    const storage = sqliteStorage();
    const migrations = ["CREATE TABLE a (x TEXT) STRICT;", "CREATE TABLE;"];
    expect(() => ensureCheckpointTables(storage, migrations)).toThrow(/syntax/);
    expect(tablesIn(storage)).toEqual([]);
  });
});
