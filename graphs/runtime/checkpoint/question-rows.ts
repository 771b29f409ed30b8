import { decode } from "./decode.ts";
import type { CheckpointSql } from "./storage.ts";
import { readTexts } from "./text-rows.ts";
import type { TextRow } from "./text-rows.ts";
import { interruptIndex, resumeIndex } from "./write-rows.ts";

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
  const asking = readTexts(
    sql,
    "thread_id = ? AND kind = 'write' AND place = ?",
    [threadId, interruptIndex],
    "length(checkpoint_ns) DESC, checkpoint_ns, key, chunk",
  ).find(({ text }) => idsIn(decode(text)).includes(questionId));
  return asking === undefined ? null : answersOf(sql, threadId, asking.row);
}

function answersOf(sql: CheckpointSql, threadId: string, task: TextRow): number {
  const [taken] = readTexts(
    sql,
    "thread_id = ? AND kind = 'write' AND checkpoint_ns = ? AND key = ? AND place = ?",
    [threadId, task.checkpoint_ns, task.key, resumeIndex],
  );
  const answers = taken === undefined ? [] : decode(taken.text);
  return Array.isArray(answers) ? answers.length : 0;
}

function idsIn(interrupts: unknown): unknown[] {
  return Array.isArray(interrupts)
    ? interrupts.map((interrupt: { id?: unknown }) => interrupt.id)
    : [];
}
