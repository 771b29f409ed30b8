/**
 * The checkpointer's tables, forward only: each entry runs once, in order (`ensureCheckpointTables`). The rows are found
 * by their primary keys alone, and a table without row ids is one B-tree, so that a row costs one write and not two.
 *
 * A text that may be large is cut into rows of the same key, numbered by `chunk`.
 *
 * - `checkpoints`: a checkpoint without its channel values, whose versions lead to `checkpoint_values`.
 * - `checkpoint_values`: the value of a channel at a version, stored once however many checkpoints refer to it. The `kind`
 *   `value` has the encoded value as its body; `list` has ranges of items.
 * - `checkpoint_items`: the items of a channel's lists, in the order in which they were first seen.
 * - `checkpoint_writes`: what the tasks of a step have written before the step's checkpoint exists.
 * - `checkpoint_attempts`: the step after which an attempt at a thread began.
 */
export const checkpointMigrations: readonly string[] = [
  `CREATE TABLE checkpoints (
     thread_id TEXT NOT NULL,
     checkpoint_ns TEXT NOT NULL,
     checkpoint_id TEXT NOT NULL,
     parent_checkpoint_id TEXT,
     body TEXT NOT NULL,
     metadata TEXT NOT NULL,
     PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE checkpoint_values (
     thread_id TEXT NOT NULL,
     checkpoint_ns TEXT NOT NULL,
     channel TEXT NOT NULL,
     version TEXT NOT NULL,
     chunk INTEGER NOT NULL,
     kind TEXT NOT NULL,
     body TEXT NOT NULL,
     PRIMARY KEY (thread_id, checkpoint_ns, channel, version, chunk)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE checkpoint_items (
     thread_id TEXT NOT NULL,
     checkpoint_ns TEXT NOT NULL,
     channel TEXT NOT NULL,
     item INTEGER NOT NULL,
     chunk INTEGER NOT NULL,
     body TEXT NOT NULL,
     PRIMARY KEY (thread_id, checkpoint_ns, channel, item, chunk)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE checkpoint_writes (
     thread_id TEXT NOT NULL,
     checkpoint_ns TEXT NOT NULL,
     checkpoint_id TEXT NOT NULL,
     task_path TEXT NOT NULL,
     task_id TEXT NOT NULL,
     write_index INTEGER NOT NULL,
     chunk INTEGER NOT NULL,
     channel TEXT NOT NULL,
     body TEXT NOT NULL,
     PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, write_index, chunk)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE checkpoint_attempts (
     thread_id TEXT NOT NULL,
     attempt INTEGER NOT NULL,
     after_step INTEGER NOT NULL,
     PRIMARY KEY (thread_id, attempt)
   ) STRICT, WITHOUT ROWID;`,
];
