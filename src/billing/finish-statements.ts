import type { FinishRun } from "./posting.ts";

/** The run row after a finishing batch, and the run's receipts that were asked for. */
export interface FinishedRun {
  rev: number;
  status: string;
  lease_open: 0 | 1;
  attempt: number;
  request_id: string;
  graph_id: string;
  trigger: string;
  call_count: number;
  charged_credits: number;
  /** JSON: what each receipt charges, by its id. */
  receipts: string;
}

// Closing the lease is what gives back the rest of the hold: see runs_hold_update. A run that waits for a person has
// given its hold back already and may be stopped.
const finish = `
UPDATE graph_runs SET status = ?3, error_code = ?4, error_message = ?5, output = ?6, finished_at = ?7,
  books = ?8, reconciling = ?9, lease_open = 0, rev = ?2
WHERE id = ?1 AND rev < ?2 AND (lease_open = 1 OR status = 'interrupted')`;

// Times come from the row: a repeat reads what the first commit wrote and so meets its own primary key. An answer is
// never dated before its question, whatever two machines think of the time.
const addAnswer = `
INSERT INTO messages (thread_id, created_at, id, run_id, role, content)
SELECT r.thread_id, max(coalesce(r.finished_at, ?4), r.created_at),
  'msg_' || r.id || '_1_' || printf('%04d', r.attempt), r.id, 'assistant', ?3
FROM graph_runs r
WHERE r.id = ?1 AND r.rev = ?2 AND EXISTS (SELECT 1 FROM threads t WHERE t.id = r.thread_id)
ON CONFLICT DO NOTHING`;

// One read for both: each statement of a batch has a price of its own.
const readRun = `
SELECT rev, status, lease_open, attempt, request_id, graph_id, trigger, call_count, charged_credits,
  (SELECT json_group_object(c.id, c.charged_credits) FROM charge_receipts c
    WHERE c.id IN (SELECT value FROM json_each(?2))) AS receipts
FROM graph_runs WHERE id = ?1`;

/**
 * Everything of a finishing batch but the recording of its receipts; the last statement reads the row, and the receipts
 * of these ids (`FinishedRun`).
 */
export function finishStatements(
  db: D1Database,
  { runId, rev, ...end }: FinishRun,
  receiptIds: readonly string[],
  now: number,
): D1PreparedStatement[] {
  const { status, errorCode, errorMessage, output, finishedAt } = end;
  const closing = db
    .prepare(finish)
    .bind(
      runId,
      rev,
      status,
      errorCode,
      errorMessage,
      output,
      finishedAt,
      JSON.stringify(end.books),
      end.reconciling ? 1 : 0,
    );
  const reading = db.prepare(readRun).bind(runId, JSON.stringify(receiptIds));
  if (end.assistantMessage === null) return [closing, reading];
  return [closing, db.prepare(addAnswer).bind(runId, rev, end.assistantMessage, now), reading];
}
