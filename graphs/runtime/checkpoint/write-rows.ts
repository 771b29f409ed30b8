import type { CheckpointKey } from "./config-keys.ts";
import { decode } from "./decode.ts";
import type { CheckpointSql } from "./storage.ts";
import { addTextOnce, pairKey, partsOf, rangeOf, readTexts, removeText } from "./text-rows.ts";

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

export const interruptIndex = -3;
export const resumeIndex = -4;

/**
 * What happened to a task, not what it produced: one of each for a task, the latest. LangGraph fixes these numbers, and
 * all other writes are numbered by their place.
 */
const controlIndexes: ReadonlyMap<string, number> = new Map([
  ["__error__", -1],
  ["__scheduled__", -2],
  ["__interrupt__", interruptIndex],
  ["__resume__", resumeIndex],
]);

/**
 * Keeps what a task has written at a checkpoint. Repeating it changes nothing: what is there stays, except that control
 * writes are replaced.
 */
export function writePending(
  sql: CheckpointSql,
  { key: { threadId, checkpointNs, checkpointId }, task, writes }: EncodedWrites,
): void {
  const key = pairKey(checkpointId, task.taskId);
  for (const [index, [channel, text]] of writes.entries()) {
    const place = controlIndexes.get(channel) ?? index;
    const at = { threadId, checkpointNs, kind: "write", key, place } as const;
    if (place < 0) removeText(sql, at);
    addTextOnce(sql, at, { note: JSON.stringify([task.taskPath, channel]), text });
  }
}

/** The writes of a checkpoint's tasks in the order in which LangGraph applies them: by task path, task id and index. */
export function readPending(
  sql: CheckpointSql,
  { threadId, checkpointNs, checkpointId }: CheckpointKey,
): PendingWrite[] {
  const written = readTexts(
    sql,
    "thread_id = ? AND kind = 'write' AND checkpoint_ns = ? AND key > ? AND key < ?",
    [threadId, checkpointNs, ...rangeOf(checkpointId)],
    // SQLite compares text by its bytes, which for UTF-8 is the order of code points that LangGraph asks for.
    "json_extract(note, '$[0]'), json_extract(key, '$[1]'), place, chunk",
  );
  return written.map(({ row, text }) => [
    partsOf(row.key)[1],
    partsOf(row.note ?? "")[1],
    decode(text),
  ]);
}
