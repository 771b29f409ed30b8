import { joinChunks } from "./chunks.ts";
import type { ChunkRow } from "./chunks.ts";
import { decode } from "./decode.ts";
import type { CheckpointSql } from "./storage.ts";

interface ControlRow extends ChunkRow {
  checkpoint_ns: string;
  checkpoint_id: string;
  task_id: string;
}

/**
 * How many answers the task that asks a question has taken for good; null when no task of the thread asks it (any more:
 * a task's next question replaces the last one). `questionId` is LangGraph's.
 */
export function countAnswers(
  sql: CheckpointSql,
  threadId: string,
  questionId: string,
): number | null {
  // A subgraph's question is known to the tasks of its parents too; the one that asks is the innermost.
  const rows = sql
    .exec(
      `SELECT checkpoint_ns, checkpoint_id, task_id, chunk, body FROM checkpoint_writes
       WHERE thread_id = ? AND channel = '__interrupt__'
       ORDER BY length(checkpoint_ns) DESC, checkpoint_ns, checkpoint_id, task_id, chunk`,
      threadId,
    )
    .toArray() as unknown as ControlRow[];
  const asking = joinChunks(rows).find(({ text }) => idsIn(decode(text)).includes(questionId));
  return asking === undefined ? null : answersOf(sql, threadId, asking.row);
}

function answersOf(sql: CheckpointSql, threadId: string, task: ControlRow): number {
  const rows = sql
    .exec(
      `SELECT chunk, body FROM checkpoint_writes
       WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ? AND task_id = ?
         AND channel = '__resume__'
       ORDER BY chunk`,
      threadId,
      task.checkpoint_ns,
      task.checkpoint_id,
      task.task_id,
    )
    .toArray() as unknown as ChunkRow[];
  const [answers] = joinChunks(rows).map(({ text }) => decode(text));
  return Array.isArray(answers) ? answers.length : 0;
}

function idsIn(interrupts: unknown): unknown[] {
  return Array.isArray(interrupts)
    ? interrupts.map((interrupt: { id?: unknown }) => interrupt.id)
    : [];
}
