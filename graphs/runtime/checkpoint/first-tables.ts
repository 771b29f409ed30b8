/**
 * Moves what the first version's five tables hold into `checkpoint_rows`, and drops them. A run that waits for a person may
 * be that old.
 */
export const convertFirstTables = `
  INSERT INTO checkpoint_rows
    SELECT thread_id, 'checkpoint', checkpoint_ns, checkpoint_id, 0, 0,
      json_array(parent_checkpoint_id, json(metadata)), body
    FROM checkpoints;
  INSERT INTO checkpoint_rows
    SELECT thread_id, 'value', checkpoint_ns, json_array(version, channel), 0, chunk, kind, body
    FROM checkpoint_values;
  INSERT INTO checkpoint_rows
    SELECT thread_id, 'item', checkpoint_ns, channel, item, chunk, NULL, body FROM checkpoint_items;
  INSERT INTO checkpoint_rows
    SELECT thread_id, 'write', checkpoint_ns, json_array(checkpoint_id, task_id), write_index, chunk,
      json_array(task_path, channel), body
    FROM checkpoint_writes;
  INSERT INTO checkpoint_rows
    SELECT thread_id, 'attempt', '', '', attempt, 0, NULL, CAST(after_step AS TEXT)
    FROM checkpoint_attempts;
  DROP TABLE checkpoints;
  DROP TABLE checkpoint_values;
  DROP TABLE checkpoint_items;
  DROP TABLE checkpoint_writes;
  DROP TABLE checkpoint_attempts;
  DROP TABLE checkpoint_schema;`;
