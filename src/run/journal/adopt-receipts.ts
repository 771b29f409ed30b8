import { assert } from "../../base/assert.ts";
import { deriveId } from "../../base/ids.ts";
import type { SettledReceipt } from "../../billing/settled-receipts.ts";
import type { SourceSystem } from "../../ports/usage-fact.ts";
import type { OpenRun } from "../open-run.ts";
import type { SqlValue } from "../storage.ts";
import { outboxKey } from "./outbox.ts";

/**
 * Makes the journal's figures those of the ledger, which a look at the gateway's log may have changed. A receipt that no
 * dispatch of the journal has gets a row of its own, so that the books count it. Adopting again changes nothing.
 */
export function adoptReceipts(
  run: Pick<OpenRun, "deps" | "state">,
  source: SourceSystem,
  receipts: readonly SettledReceipt[],
): void {
  const { state, deps } = run;
  const { runId } = state.present.start.context;
  state.requireCurrent();
  for (const receipt of receipts) {
    const { attempt, usageUnitId } = receipt;
    const key = outboxKey({ source, runId, attempt, usageUnitId });
    if (!adopt(run, key, receipt)) {
      addFound(run, receipt);
      assert(adopt(run, key, receipt), "a receipt's dispatch is in the journal");
    }
  }
  deps.crashPoint("reconcile.adopted");
}

/** False when no dispatch has this receipt, or could have it: one that counted as void and was used after all. */
function adopt({ deps }: Pick<OpenRun, "deps">, key: string, receipt: SettledReceipt): boolean {
  const { usageUnitId, dispatchId, chargedCredits, inputTokens, outputTokens } = receipt;
  const { sql } = deps.storage;
  // No settlement is how the books know a dispatch that is void.
  const settlement = receipt.isVoided ? null : receipt.settlement;
  const figures = [settlement, chargedCredits, inputTokens, outputTokens, key, usageUnitId];
  const [call] = sql
    .exec<Record<string, SqlValue>>(
      `SELECT settlement, charged_credits, input_tokens, output_tokens, outbox_key, usage_unit_id, ordinal FROM calls
       WHERE outbox_key = ? OR (outbox_key IS NULL AND dispatch_id IN (?, ?))
       ORDER BY outbox_key IS NULL LIMIT 1`,
      ...[key, usageUnitId, dispatchId],
    )
    .toArray();
  if (call === undefined) return false;
  const { ordinal = null, ...known } = call;
  // Nearly always the ledger says what the journal said: then nothing is written.
  if (Object.values(known).every((value, index) => value === figures[index])) return true;
  sql.exec(
    `UPDATE calls SET settlement = ?, charged_credits = ?, input_tokens = ?, output_tokens = ?, outbox_key = ?,
       usage_unit_id = ? WHERE ordinal = ?`,
    ...figures,
    ordinal,
  );
  return true;
}

/** Of no node: only the gateway knows who asked for it. */
function addFound({ deps, state }: Pick<OpenRun, "deps" | "state">, receipt: SettledReceipt): void {
  const { usageUnitId, attempt, model } = receipt;
  const { runId } = state.present.start.context;
  const callId = deriveId("call", ["found", runId, attempt, usageUnitId]);
  const now = deps.clock.now();
  deps.storage.sql.exec(
    `INSERT INTO calls (ordinal, call_id, dispatch, dispatch_id, attempt, node_key, checkpoint_ns, request_hash,
       message_id, state, model, most_credits, started_at, ended_at)
     SELECT count(*) + 1, ?, 1, ?, ?, '', '', '', '', 'settled', ?, 0, ?, ? FROM calls`,
    callId,
    usageUnitId,
    attempt,
    model,
    now,
    now,
  );
}
