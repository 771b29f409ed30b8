import { assert } from "../base/assert.ts";
import { isActive } from "../db/active-runs.ts";
import type { ChatMessage } from "../ports/completion.ts";
import type { RunStatus, StartRefusal, StartRun } from "../ports/run.ts";
import {
  admissionStatements,
  historyMessagesMax,
  scheduledForMs,
  type AdmissionRow,
  type HistoryRow,
} from "./admission-statements.ts";
import { repeatBatch, type BatchRetry } from "./repeat-batch.ts";
import { hasRoomFor, limitReached } from "./room.ts";

/**
 * Runs of one account with an open lease. A run costs its account nothing but what it holds, so this is no budget: it
 * keeps one account's mistake (a loop that starts runs) from taking the database's one writer from all others.
 */
export const activeRunsMax = 1_000;

export const tooManyRuns = `This account has ${activeRunsMax} runs at once. Wait for some to end.`;

/** Said where one Idempotency-Key comes with two requests. */
export const keyOfAnother =
  "This Idempotency-Key was used for another request. Use a new key, or repeat that request.";

export interface AdmitRun {
  start: StartRun;
  /** Reserved until it is spent or the run ends; 0 for a free model, which still needs a balance that is not below 0. */
  holdCredits: number;
  now: number;
}

export type Admission =
  | {
      kind: "admitted";
      /** False: the run was admitted before, by a request of the same content. */
      created: boolean;
      rev: number;
      leaseCredits: number;
      /** The thread up to and including this request's messages, oldest first, the last 50. */
      history: ChatMessage[];
    }
  | Refused;

interface Refused {
  kind: "refused";
  code: StartRefusal;
  message: string;
  /** What refused it ends by itself. */
  isTemporary?: boolean;
  /** An earlier attempt ended without an answer: it may still be committed, and must be looked for again. */
  isAmbiguous?: boolean;
}

/**
 * Lets a run in and reserves its credit, in one D1 batch. Repeating it admits once; a refusal leaves nothing behind, so
 * that the same run id can be admitted later. Throws when D1 stays unreachable.
 */
export async function admitRun(
  db: D1Database,
  admit: AdmitRun,
  retry?: BatchRetry,
): Promise<Admission> {
  assert(Number.isSafeInteger(admit.holdCredits) && admit.holdCredits >= 0, "a hold is a count");
  const statements = admissionStatements(db, admit, activeRunsMax);
  const { results, attempts } = await repeatBatch<unknown>(db, statements, retry);
  const [inserted, , , read, history] = results;
  const row = read?.results[0] as AdmissionRow | undefined;
  assert(row !== undefined, "the admission reads one row");
  const { start } = admit;
  const refused = refusalIn(row, admit);
  if (refused !== null) return attempts > 1 ? { ...refused, isAmbiguous: true } : refused;
  assert(row.rev !== null && row.lease_credits !== null, "a run that is not refused has a row");
  // After a lost answer the row may be this very request's; only then can it carry its request id.
  const isOurs = attempts > 1 && row.request_id === start.context.requestId;
  return {
    kind: "admitted",
    created: (inserted?.results.length ?? 0) > 0 || isOurs,
    rev: row.rev,
    leaseCredits: row.lease_credits,
    history: latestThatFit(
      start.isNewThread
        ? start.messages.slice(-historyMessagesMax).toReversed()
        : ((history?.results ?? []) as HistoryRow[]),
    ),
  };
}

/** A run keeps its history in one row, which holds 2 MB of UTF-8: three bytes a character at most, and room for more. */
const historyCharsMax = 400_000;

/** From rows newest first: as many of the latest messages as fit, oldest first. */
function latestThatFit(rows: readonly HistoryRow[]): ChatMessage[] {
  const fitting: ChatMessage[] = [];
  let chars = 0;
  for (const { role, content } of rows) {
    chars += content.length;
    if (chars > historyCharsMax && fitting.length > 0) break;
    fitting.unshift({ role, content });
  }
  return fitting;
}

/** In the order of what the caller can do about it. */
function refusalIn(row: AdmissionRow, { start, holdCredits }: AdmitRun): Refused | null {
  if (row.rev !== null) return refusalOfKnown(row, start);
  if (row.has_account === 0) return refuse("not_found", "There is no such account.");
  if (row.has_key === 0)
    return refuse("not_found", "There is no such key, or it was revoked or has expired.");
  if (!start.isNewThread && row.has_thread === 0) {
    return refuse("not_found", "There is no such thread. Leave threadId out to start one.");
  }
  if (row.thread_is_busy === 1) {
    return refuse(
      "conflict",
      "The last run of this thread is still active. Wait for it or cancel it.",
    );
  }
  if ((row.active_runs ?? 0) >= activeRunsMax) {
    return refuse("rate_limit", tooManyRuns);
  }
  return { kind: "refused", code: "insufficient_credits", ...limitReached(row, holdCredits) };
}

function refusalOfKnown(row: AdmissionRow, start: StartRun): Refused | null {
  if (row.account_id !== start.context.billingAccountId) {
    return refuse("not_found", "There is no such run.");
  }
  if (row.status === "skipped") {
    const code = skippedCodes.find((known) => known === row.error_code) ?? "conflict";
    return refuse(code, row.error_message ?? "This slot was skipped.");
  }
  if (row.request_hash !== start.requestHash) {
    return refuse("idempotency_conflict", keyOfAnother);
  }
  if (row.status !== null && !isActive(row.status)) {
    return refuse("conflict", "The run of this request has ended. Read it, or start another one.");
  }
  return null;
}

/** Reasons for which a slot is skipped and that a start can answer. */
const skippedCodes = ["insufficient_credits", "not_found"] as const;

function refuse(code: StartRefusal, message: string): Refused {
  return { kind: "refused", code, message };
}

const topUp = `
UPDATE graph_runs SET lease_credits = ?3, rev = ?2
WHERE id = ?1 AND rev < ?2 AND lease_open = 1 AND EXISTS (
  SELECT 1 FROM billing_accounts a JOIN virtual_keys k ON k.id = graph_runs.virtual_key_id
  WHERE a.id = graph_runs.billing_account_id
    AND ${hasRoomFor("max(0, ?3 - graph_runs.charged_credits) - graph_runs.held_credits")})`;

/**
 * Raises a run's lease to a new total (never by an increment, so that a repeat adds nothing). `rev` is the number of this
 * write, above every earlier one; a write that comes late finds a higher number and changes nothing.
 */
export async function topUpLease(
  db: D1Database,
  { runId, rev, leaseCredits }: { runId: string; rev: number; leaseCredits: number },
  retry?: BatchRetry,
): Promise<{ granted: boolean }> {
  assert(Number.isSafeInteger(leaseCredits) && leaseCredits >= 0, "a lease is a count");
  const statements = [
    db.prepare(topUp).bind(runId, rev, leaseCredits),
    db.prepare("SELECT rev, lease_credits FROM graph_runs WHERE id = ?1").bind(runId),
  ];
  type Row = { rev: number; lease_credits: number };
  const { results } = await repeatBatch<Row>(db, statements, retry);
  const row = results[1]?.results[0];
  return { granted: row?.rev === rev && row.lease_credits === leaseCredits };
}

/** Where a run stands in D1, or null when it was never admitted. */
export async function readAdmission(
  db: D1Database,
  runId: string,
): Promise<{ status: RunStatus; rev: number; leaseCredits: number } | null> {
  return db
    .prepare("SELECT status, rev, lease_credits AS leaseCredits FROM graph_runs WHERE id = ?1")
    .bind(runId)
    .first<{ status: RunStatus; rev: number; leaseCredits: number }>();
}

const skip = `
INSERT INTO graph_runs (id, billing_account_id, virtual_key_id, graph_id, model, trigger, schedule_id,
  scheduled_for, request_id, request_hash, status, error_code, error_message, lease_credits, lease_open,
  created_at, finished_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'skipped', ?11, ?12, 0, 0, ?13, ?13)`;

/** Records that a slot was not run and why. Where the run exists already, it stays as it is. */
export async function skipSlot(
  db: D1Database,
  slot: { start: StartRun; errorCode: string; errorMessage: string; now: number },
  retry?: BatchRetry,
): Promise<void> {
  const { start, errorCode, errorMessage, now } = slot;
  const { context } = start;
  const statement = db
    .prepare(skip)
    .bind(
      context.runId,
      context.billingAccountId,
      context.virtualKeyId,
      context.graphId,
      start.model,
      context.trigger,
      start.scheduleId,
      scheduledForMs(start),
      context.requestId,
      start.requestHash,
      errorCode,
      errorMessage,
      now,
    );
  await repeatBatch(db, [statement], retry);
}
