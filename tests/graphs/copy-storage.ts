import type { CheckpointStorage } from "../../src/ports/graph-runner.ts";
import { sqliteStorage } from "../run/sqlite-storage.ts";

/** What is in the database at this moment, as the next process finds it when this one dies now. */
export function copyStorage({ sql }: CheckpointStorage): ReturnType<typeof sqliteStorage> {
  const copy = sqliteStorage();
  const tables = sql
    .exec("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .toArray() as { name: string; sql: string }[];
  for (const { name, sql: create } of tables) {
    copy.sql.exec(create);
    for (const row of sql.exec(`SELECT * FROM ${name}`).toArray()) {
      const values = Object.values(row);
      const places = values.map(() => "?").join(", ");
      copy.sql.exec(`INSERT INTO ${name} VALUES (${places})`, ...values);
    }
  }
  return copy;
}
