import type { StoredValue } from "./channel-values.ts";
import { writeCheckpoint } from "./checkpoint-rows.ts";
import type { BareCheckpoint } from "./checkpoint-rows.ts";
import { joinChunks } from "./chunks.ts";
import { decode } from "./decode.ts";
import type { CheckpointSql } from "./storage.ts";

/**
 * Moves what the first version's five tables hold into `checkpoint_rows`, and drops them. A run that waits for a person may
 * be that old. Their version stays behind, above what the older code knows of: rolled back to, it looks for the tables in
 * vain, and does not take the run for one that has not begun.
 */
export function convertFirstTables(sql: CheckpointSql): void {
  const moved = new Set<string>();
  for (const checkpoint of readCheckpoints(sql)) {
    const { threadId, checkpointNs, checkpointId, parentId, body, metadata } = checkpoint;
    const { channel_versions } = decode(body) as BareCheckpoint;
    const values = Object.entries(channel_versions).flatMap(([channel, version]) => {
      const value = { threadId, checkpointNs, channel, version: String(version) };
      const name = JSON.stringify(Object.values(value));
      if (moved.has(name)) return [];
      moved.add(name);
      return readValue(sql, value);
    });
    const key = { threadId, checkpointNs, checkpointId };
    writeCheckpoint(sql, key, parentId, { body, metadata }, { values, isNew: true });
  }
  sql.exec(moveOthers);
}

interface FirstCheckpoint {
  threadId: string;
  checkpointNs: string;
  checkpointId: string;
  parentId: string | null;
  body: string;
  metadata: string;
}

/** Oldest first: a value is moved to the checkpoint that it came with. */
function readCheckpoints(sql: CheckpointSql): FirstCheckpoint[] {
  return sql
    .exec(
      `SELECT thread_id AS threadId, checkpoint_ns AS checkpointNs, checkpoint_id AS checkpointId,
         parent_checkpoint_id AS parentId, body, metadata
       FROM checkpoints ORDER BY checkpoint_id`,
    )
    .toArray() as unknown as FirstCheckpoint[];
}

/** One, or none where the channel was empty. */
function readValue(
  sql: CheckpointSql,
  value: { threadId: string; checkpointNs: string; channel: string; version: string },
): StoredValue[] {
  const { threadId, checkpointNs, channel, version } = value;
  const rows = sql
    .exec(
      `SELECT kind, chunk, body FROM checkpoint_values
       WHERE thread_id = ? AND checkpoint_ns = ? AND channel = ? AND version = ? ORDER BY chunk`,
      threadId,
      checkpointNs,
      channel,
      version,
    )
    .toArray() as unknown as { kind: string; chunk: number; body: string }[];
  return joinChunks(rows).map(({ row, text }) => ({ channel, version, kind: row.kind, text }));
}

const moveOthers = `
  INSERT INTO checkpoint_rows (thread_id, kind, checkpoint_ns, key, place, chunk, note, body)
    SELECT thread_id, 'item', checkpoint_ns, channel, item, chunk, NULL, body FROM checkpoint_items
    UNION ALL
    SELECT thread_id, 'write', checkpoint_ns, json_array(checkpoint_id, task_id), write_index, chunk,
      json_array(task_path, channel), body
    FROM checkpoint_writes
    UNION ALL
    SELECT thread_id, 'attempt', '', '', attempt, 0, NULL, CAST(after_step AS TEXT)
    FROM checkpoint_attempts;
  DROP TABLE checkpoints;
  DROP TABLE checkpoint_values;
  DROP TABLE checkpoint_items;
  DROP TABLE checkpoint_writes;
  DROP TABLE checkpoint_attempts;
  UPDATE checkpoint_schema SET version = 2;`;
