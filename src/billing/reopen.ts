import { assert } from "../base/assert.ts";
import { activeStatuses } from "../db/active-runs.ts";
import type { RunStatus, StartRefusal } from "../ports/run.ts";
import { activeRunsMax, tooManyRuns } from "./admission.ts";
import { repeatBatch, type BatchRetry } from "./repeat-batch.ts";
import { hasRoomFor, isKeyAlive, type Limit, limitReached, roomColumns } from "./room.ts";

export interface ReopenRun {
  runId: string;
  /** The number of this write, above every earlier one of the run row; repeats carry the same one. */
  rev: number;
  /** The same as before to answer an interrupt; one more to retry a run that ended `error` or `cancelled`. */
  attempt: number;
  /** Reserved on top of what the run was charged so far. */
  holdCredits: number;
}

export type Reopening =
  /** `chargedCredits`: what the ledger has charged the run so far, corrections included. */
  { kind: "reopened"; leaseCredits: number; chargedCredits: number } | ReopenRefusal;

interface ReopenRefusal {
  kind: "refused";
  code: Extract<StartRefusal, "insufficient_credits" | "rate_limit" | "conflict" | "not_found">;
  message: string;
}

const reopen = `
UPDATE graph_runs SET status = 'running', attempt = ?3, lease_credits = charged_credits + ?4, lease_open = 1,
  finished_at = NULL, error_code = NULL, error_message = NULL, output = NULL, rev = ?2
WHERE id = ?1 AND rev < ?2 AND lease_open = 0
  AND ((status = 'interrupted' AND attempt = ?3) OR (status IN ('error', 'cancelled') AND attempt = ?3 - 1))
  AND EXISTS (
    SELECT 1 FROM billing_accounts a JOIN virtual_keys k ON k.id = graph_runs.virtual_key_id
    WHERE a.id = graph_runs.billing_account_id AND a.active_runs < ?5
      AND ${hasRoomFor("?4")})
  AND NOT EXISTS (SELECT 1 FROM graph_runs o WHERE o.thread_id = graph_runs.thread_id AND o.id <> ?1
    AND o.status IN ${activeStatuses})`;

// A refusal uses the number up as well: an earlier sending of this batch that arrives late finds it taken.
const useUp = "UPDATE graph_runs SET rev = ?2 WHERE id = ?1 AND rev < ?2 AND lease_open = 0";

const read = `
SELECT r.rev, r.status, r.attempt, r.lease_credits, r.charged_credits, a.active_runs,
  ${isKeyAlive} AS is_key_alive,
  ${roomColumns},
  EXISTS (SELECT 1 FROM graph_runs o WHERE o.thread_id = r.thread_id AND o.id <> r.id
    AND o.status IN ${activeStatuses}) AS thread_is_busy
FROM graph_runs r JOIN billing_accounts a ON a.id = r.billing_account_id
  JOIN virtual_keys k ON k.id = r.virtual_key_id
WHERE r.id = ?1`;

interface Row extends Record<Limit, number | null> {
  rev: number;
  status: RunStatus;
  attempt: number;
  lease_credits: number;
  charged_credits: number;
  active_runs: number;
  is_key_alive: 0 | 1;
  thread_is_busy: 0 | 1;
}

/** Admits a run again, in one batch, with a new hold. Repeating it reopens once; a refusal leaves the run as it was. */
export async function reopenRun(
  db: D1Database,
  wish: ReopenRun,
  retry?: BatchRetry,
): Promise<Reopening> {
  const { runId, rev, attempt, holdCredits } = wish;
  assert(Number.isSafeInteger(holdCredits) && holdCredits >= 0, "a hold is a count");
  const statements = [
    db.prepare(reopen).bind(runId, rev, attempt, holdCredits, activeRunsMax),
    db.prepare(useUp).bind(runId, rev),
    db.prepare(read).bind(runId),
  ];
  const { results } = await repeatBatch<Row>(db, statements, retry);
  const row = results[2]?.results[0];
  if (row === undefined) return refuse("not_found", "There is no such run.");
  if (row.rev === rev && row.status === "running" && row.attempt === attempt) {
    const { lease_credits: leaseCredits, charged_credits: chargedCredits } = row;
    return { kind: "reopened", leaseCredits, chargedCredits };
  }
  const isWaiting = row.status === "interrupted" && row.attempt === attempt;
  const isFailed = ["error", "cancelled"].includes(row.status) && row.attempt === attempt - 1;
  if (row.rev > rev || !(isWaiting || isFailed)) {
    return refuse(
      "conflict",
      "This run cannot go on from where it is. Read it again: it has moved on.",
    );
  }
  if (row.thread_is_busy === 1) {
    return refuse("conflict", "Another run of this thread is active. Wait for it or cancel it.");
  }
  if (row.active_runs >= activeRunsMax) {
    return refuse("rate_limit", tooManyRuns);
  }
  if (row.is_key_alive === 0) {
    return refuse(
      "conflict",
      "The key that this run is on was revoked or has expired. Start a new run with another key.",
    );
  }
  return refuse("insufficient_credits", limitReached(row, holdCredits).message);
}

function refuse(code: ReopenRefusal["code"], message: string): Reopening {
  return { kind: "refused", code, message };
}
