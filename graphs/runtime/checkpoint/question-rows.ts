import { decode } from "./decode.ts";
import type { CheckpointSql } from "./storage.ts";
import { partsOf, readTexts } from "./text-rows.ts";
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
  if (asking === undefined || isOutdated(sql, threadId, asking.row)) return null;
  return answersOf(sql, threadId, asking.row);
}

/**
 * Whether a task inside of this one asks by now. A question goes up from the task that asks it, one storing after the
 * other; after a death in between, an outer task still has the inner one's last question, which was answered.
 */
function isOutdated(sql: CheckpointSql, threadId: string, task: TextRow): boolean {
  const [, taskId] = partsOf(task.key);
  const askingInside = sql
    .exec(
      `SELECT 1 FROM checkpoint_rows AS inner
       WHERE thread_id = ? AND kind = 'write' AND place = ? AND instr(checkpoint_ns, ?) > 0
         -- One that has written something has had its answers.
         AND NOT EXISTS (
           SELECT 1 FROM checkpoint_rows AS written
           WHERE written.thread_id = inner.thread_id AND written.kind = 'write'
             AND written.checkpoint_ns = inner.checkpoint_ns AND written.key = inner.key
             AND written.place >= 0)
       LIMIT 1`,
      threadId,
      interruptIndex,
      `:${taskId}`,
    )
    .toArray();
  return askingInside.length > 0;
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
