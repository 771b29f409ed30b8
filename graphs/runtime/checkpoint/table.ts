import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";
import { convertFirstTables } from "./first-tables.ts";
import type { CheckpointSql } from "./storage.ts";

/**
 * The checkpointer's one table. Each table costs the database of each run a page and rows of its own, so that everything
 * lies in one; a table without row ids is one B-tree, so that a row costs one write and not two. A text that may be large
 * is cut into rows of the same key, numbered by `chunk`.
 *
 * | kind       | key                | place       | note                                  | body                                 |
 * | ---------- | ------------------ | ----------- | ------------------------------------- | ------------------------------------ |
 * | checkpoint | its id             | 0           | [parent, metadata, names of values]   | it, and small values it came with    |
 * | value      | [version, channel] | 0           | `value` or `list`                     | a larger value that came with one    |
 * | item       | channel            | its number  |                                       | an item of the channel's lists       |
 * | write      | [checkpoint, task] | LangGraph's | [task's path, channel]                | what a task wrote in the step after  |
 * | attempt    |                    | its number  |                                       | the step after which it began        |
 *
 * A channel's value is stored once, however many later checkpoints have it too, and found by its name, [version, channel].
 * The items of lists lie apart, so that a list that grows costs what it has grown by. The table's name is its version:
 * another shape gets another name.
 */
const table = `CREATE TABLE checkpoint_rows (
     thread_id TEXT NOT NULL,
     kind TEXT NOT NULL,
     checkpoint_ns TEXT NOT NULL,
     key TEXT NOT NULL,
     place INTEGER NOT NULL,
     chunk INTEGER NOT NULL,
     note TEXT,
     body TEXT NOT NULL,
     PRIMARY KEY (thread_id, kind, checkpoint_ns, key, place, chunk)
   ) STRICT, WITHOUT ROWID`;

/**
 * Makes the checkpointer's table, and takes over what an older version's tables hold. Only who is about to write calls it:
 * reading must never make a table, or looking at a made-up run would make a database. True: there was nothing until now.
 */
export function ensureCheckpointTable(storage: CheckpointStorage): boolean {
  const { sql } = storage;
  const present = tablesIn(sql);
  const isOlder = present.includes("checkpoints");
  if (present.includes("checkpoint_rows") && !isOlder) return false;
  storage.transactionSync(() => {
    // Where both are there, the older version was the last to run.
    if (present.includes("checkpoint_rows")) sql.exec("DROP TABLE checkpoint_rows");
    sql.exec(table);
    if (isOlder) convertFirstTables(sql);
  });
  return !isOlder;
}

function tablesIn(sql: CheckpointSql): unknown[] {
  return sql
    .exec(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('checkpoint_rows', 'checkpoints')",
    )
    .toArray()
    .map(({ name }) => name);
}
