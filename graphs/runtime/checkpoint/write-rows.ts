import { joinChunks, splitText } from "./chunks.ts";
import type { ChunkRow } from "./chunks.ts";
import type { CheckpointKey } from "./config-keys.ts";
import { decode } from "./decode.ts";
import type { CheckpointSql } from "./storage.ts";

export type PendingWrite = [taskId: string, channel: string, value: unknown];

/** The task whose writes are kept; its path orders them among the writes of a step. */
export interface WritingTask {
  taskId: string;
  taskPath: string;
}

/** What a task has written, as text. */
export interface EncodedWrites {
  key: CheckpointKey;
  task: WritingTask;
  writes: readonly (readonly [channel: string, text: string])[];
}

interface WriteRow extends ChunkRow {
  task_id: string;
  channel: string;
}

/**
 * What happened to a task, not what it produced: one of each for a task, the latest. LangGraph fixes these numbers, and
 * all other writes are numbered by their place.
 */
const controlIndexes: ReadonlyMap<string, number> = new Map([
  ["__error__", -1],
  ["__scheduled__", -2],
  ["__interrupt__", -3],
  ["__resume__", -4],
]);

/**
 * Keeps what a task has written at a checkpoint. Repeating it changes nothing: what is there stays, except that control
 * writes are replaced.
 */
export function writePending(sql: CheckpointSql, { key, task, writes }: EncodedWrites): void {
  for (const [place, [channel, text]] of writes.entries()) {
    const index = controlIndexes.get(channel) ?? place;
    const chunks = splitText(text);
    if (index < 0) removeWrite(sql, key, task, index);
    // The first chunk of what is there stays by itself; later ones must not be added to it.
    else if (chunks.length > 1 && isWritten(sql, key, task, index)) continue;
    insertWrite(sql, key, task, { index, channel, chunks });
  }
}

/** The writes of a checkpoint's tasks in the order in which LangGraph applies them: by task path, task id and index. */
export function readPending(sql: CheckpointSql, key: CheckpointKey): PendingWrite[] {
  // SQLite compares text by its bytes, which for UTF-8 is the order of code points that LangGraph asks for.
  const rows = sql
    .exec(
      `SELECT task_id, channel, chunk, body FROM checkpoint_writes
       WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?
       ORDER BY task_path, task_id, write_index, chunk`,
      key.threadId,
      key.checkpointNs,
      key.checkpointId,
    )
    .toArray() as unknown as WriteRow[];
  return joinChunks(rows).map(({ row, text }) => [row.task_id, row.channel, decode(text)]);
}

function isWritten(
  sql: CheckpointSql,
  key: CheckpointKey,
  { taskId }: WritingTask,
  index: number,
): boolean {
  const found = sql
    .exec(
      `SELECT 1 FROM checkpoint_writes
       WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?
         AND task_id = ? AND write_index = ? LIMIT 1`,
      key.threadId,
      key.checkpointNs,
      key.checkpointId,
      taskId,
      index,
    )
    .toArray();
  return found.length > 0;
}

function removeWrite(
  sql: CheckpointSql,
  key: CheckpointKey,
  { taskId }: WritingTask,
  index: number,
): void {
  sql.exec(
    `DELETE FROM checkpoint_writes
     WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?
       AND task_id = ? AND write_index = ?`,
    key.threadId,
    key.checkpointNs,
    key.checkpointId,
    taskId,
    index,
  );
}

function insertWrite(
  sql: CheckpointSql,
  key: CheckpointKey,
  { taskId, taskPath }: WritingTask,
  { index, channel, chunks }: { index: number; channel: string; chunks: readonly string[] },
): void {
  for (const [chunk, body] of chunks.entries()) {
    sql.exec(
      `INSERT INTO checkpoint_writes
         (thread_id, checkpoint_ns, checkpoint_id, task_path, task_id, write_index, chunk, channel, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      key.threadId,
      key.checkpointNs,
      key.checkpointId,
      taskPath,
      taskId,
      index,
      chunk,
      channel,
      body,
    );
  }
}
