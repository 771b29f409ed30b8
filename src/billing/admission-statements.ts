import { activeStatuses } from "../db/active-runs.ts";
import type { StartRun } from "../ports/run.ts";
import { hasRoomFor, isKeyAlive, roomColumns, type Limit } from "./room.ts";

/** What an admitting batch reads last: the run's row, if there is one, and every reason why there is none. */
export interface AdmissionRow extends Record<Limit, number | null> {
  account_id: string | null;
  request_hash: string | null;
  request_id: string | null;
  status: string | null;
  rev: number | null;
  lease_credits: number | null;
  error_code: string | null;
  error_message: string | null;
  has_account: 0 | 1;
  has_key: 0 | 1;
  has_thread: 0 | 1;
  thread_is_busy: 0 | 1;
  active_runs: number | null;
}

export interface HistoryRow {
  role: "user" | "assistant";
  content: string;
}

// The row is inserted only where everything allows it, and all that follows selects from the row: one transaction, no
// race. Its time lies after the thread's last message, so that a slow clock cannot put a question before the answer
// before it.
const admit = `
INSERT INTO graph_runs (id, billing_account_id, virtual_key_id, thread_id, graph_id, model, trigger, schedule_id,
  scheduled_for, request_id, request_hash, status, lease_credits, lease_open, created_at, started_at)
SELECT ?1, a.id, k.id, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'running', ?12, 1,
  max(?13, coalesce((SELECT max(m.created_at) + 1 FROM messages m WHERE m.thread_id = ?4), 0)), ?13
FROM billing_accounts a JOIN virtual_keys k ON k.id = ?3 AND k.billing_account_id = a.id
WHERE a.id = ?2 AND a.active_runs < ?14
  AND ${hasRoomFor("?12")}
  AND CASE ?15 WHEN 1 THEN NOT EXISTS (SELECT 1 FROM threads t WHERE t.id = ?4)
    ELSE EXISTS (SELECT 1 FROM threads t WHERE t.id = ?4 AND t.billing_account_id = a.id) END
  AND NOT EXISTS (SELECT 1 FROM graph_runs r
    WHERE r.thread_id = ?4 AND r.status IN ${activeStatuses})
RETURNING id`;

// rev = 1: a late repeat cannot bring back a thread that was deleted after the run's first step.
const addThread = `
INSERT INTO threads (id, billing_account_id, title, created_at, updated_at, trigger)
SELECT r.thread_id, r.billing_account_id, ?2, r.created_at, r.created_at, r.trigger FROM graph_runs r
WHERE r.id = ?1 AND r.thread_id IS NOT NULL AND r.status = 'running' AND r.rev = 1
ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at,
  trigger = CASE excluded.trigger WHEN 'schedule' THEN threads.trigger ELSE excluded.trigger END
WHERE updated_at < excluded.updated_at`;

const addMessages = `
INSERT INTO messages (thread_id, created_at, id, run_id, role, content)
SELECT r.thread_id, r.created_at, 'msg_' || r.id || '_0_' || printf('%06d', j.key), r.id,
  j.value ->> '$.role', j.value ->> '$.content'
FROM graph_runs r, json_each(?2) j
WHERE r.id = ?1 AND r.thread_id IS NOT NULL AND r.status = 'running' AND r.rev = 1
ON CONFLICT DO NOTHING`;

const read = `
SELECT r.billing_account_id AS account_id, r.request_hash, r.request_id, r.status, r.rev, r.lease_credits,
  r.error_code, r.error_message,
  a.id IS NOT NULL AS has_account, k.id IS NOT NULL AND ${isKeyAlive} AS has_key,
  EXISTS (SELECT 1 FROM threads t WHERE t.id = ?4 AND t.billing_account_id = ?2) AS has_thread,
  EXISTS (SELECT 1 FROM graph_runs o
    WHERE o.thread_id = ?4 AND o.status IN ${activeStatuses}) AS thread_is_busy,
  a.active_runs,
  ${roomColumns}
FROM (SELECT 1) LEFT JOIN graph_runs r ON r.id = ?1 LEFT JOIN billing_accounts a ON a.id = ?2
  LEFT JOIN virtual_keys k ON k.id = ?3 AND k.billing_account_id = ?2`;

export const historyMessagesMax = 50;

// Up to this run's own question, so that a repeated admission reads the same conversation.
const readHistory = `
SELECT m.role, m.content FROM graph_runs r JOIN messages m
  ON m.thread_id = r.thread_id AND (m.created_at, m.id) < (r.created_at, 'msg_' || r.id || '_1')
WHERE r.id = ?1 AND r.billing_account_id = ?2
ORDER BY m.created_at DESC, m.id DESC LIMIT ${historyMessagesMax}`;

/**
 * First the INSERT, which returns a row when it admitted; last the `AdmissionRow` and, of a thread that is not new, the
 * history, newest first.
 */
export function admissionStatements(
  db: D1Database,
  { start, holdCredits, now }: { start: StartRun; holdCredits: number; now: number },
  activeRunsMax: number,
): D1PreparedStatement[] {
  const { context, threadId } = start;
  const { runId, billingAccountId, virtualKeyId } = context;
  return [
    db
      .prepare(admit)
      .bind(
        runId,
        billingAccountId,
        virtualKeyId,
        threadId,
        context.graphId,
        start.model,
        context.trigger,
        start.scheduleId,
        scheduledForMs(start),
        context.requestId,
        start.requestHash,
        holdCredits,
        now,
        activeRunsMax,
        start.isNewThread ? 1 : 0,
      ),
    db.prepare(addThread).bind(runId, start.threadTitle),
    db.prepare(addMessages).bind(runId, JSON.stringify(start.messages)),
    db.prepare(read).bind(runId, billingAccountId, virtualKeyId, threadId),
    ...(start.isNewThread ? [] : [db.prepare(readHistory).bind(runId, billingAccountId)]),
  ];
}

export function scheduledForMs({ scheduledFor }: StartRun): number | null {
  return scheduledFor === null ? null : Date.parse(scheduledFor);
}
