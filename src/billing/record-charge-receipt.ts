import { assert } from "../base/assert.ts";
import { isTooDeep } from "../base/json-depth.ts";
import { parseUsd } from "../base/money.ts";
import type { UsageFact } from "../ports/usage-fact.ts";
import { contentHash, receiptIdOf, sourceReference, type Price } from "./pricing.ts";

const insertReceipt = `
INSERT INTO charge_receipts (id, billing_account_id, virtual_key_id, run_id, attempt, request_id,
  source_system, source_reference, usage_unit_id, provider_call_id, graph_id, executor_type, trigger,
  receipt_kind, provenance, settlement, provider, model, served_model, input_tokens, output_tokens,
  cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd, charged_credits, price_version,
  content_hash, usage_raw, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 'llm', ?14, ?15, ?16, ?17, ?18, ?19,
  ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29)`;

/** Evidence is kept up to this size; a usage block is a few hundred characters, anything longer is not one. */
const usageRawLengthMax = 4_000;

/**
 * The one INSERT that is a whole charge: triggers post the entry, the balance, the run and the rollups with it, ignore
 * an identical repeat, and raise `receipt_conflict` for other content under the same key.
 */
export function recordChargeReceipt(
  db: D1Database,
  fact: UsageFact,
  price: Price,
): D1PreparedStatement {
  const reference = sourceReference(fact);
  const costUsd = parseUsd(fact.costUsd);
  assert(costUsd !== null, "facts are checked before they are recorded");
  return db
    .prepare(insertReceipt)
    .bind(
      receiptIdOf(fact.source, reference),
      fact.billingAccountId,
      fact.virtualKeyId,
      fact.runId,
      fact.attempt,
      fact.requestId,
      fact.source,
      reference,
      fact.usageUnitId,
      fact.providerCallId,
      fact.graphId,
      fact.executorType,
      fact.trigger,
      fact.provenance,
      fact.settlement,
      fact.provider,
      fact.model,
      fact.servedModel,
      fact.inputTokens,
      fact.outputTokens,
      fact.cacheReadTokens,
      fact.cacheWriteTokens,
      fact.reasoningTokens,
      costUsd,
      price.chargedCredits,
      price.priceVersion,
      contentHash(fact),
      usageRawText(fact),
      Date.parse(fact.occurredAt),
    );
}

/** null where the evidence is none that the ledger can keep. */
function usageRawText({ usageRaw }: UsageFact): string | null {
  if (usageRaw === null || isTooDeep(usageRaw)) return null;
  const text = JSON.stringify(usageRaw);
  return text.length <= usageRawLengthMax ? text : null;
}

// The first word of the gateway's log is its last: a receipt that has one is not corrected again. Where an operator gave
// back a part of the estimate, that stays given back, but never more than was charged.
const insertCorrection = `
INSERT INTO receipt_corrections (receipt_id, billing_account_id, reason, reference, settlement, provenance,
  input_tokens, output_tokens, cost_usd, charged_delta, created_at)
SELECT r.id, r.billing_account_id, 'correction', ?2, 'final', 'gateway_log', ?3, ?4, ?5,
  max(?6 - r.charged_credits, -(r.charged_credits + coalesce(
    (SELECT sum(p.charged_delta) FROM receipt_corrections p WHERE p.receipt_id = r.id), 0))), ?7
FROM charge_receipts r
WHERE r.id = ?1 AND r.settlement <> 'final' AND r.billing_account_id = ?8 AND r.virtual_key_id = ?9
  AND r.graph_id = ?10 AND r.executor_type = ?11 AND r.trigger = ?12 AND r.model = ?13
  AND (r.provider_call_id = ?14 OR r.provider_call_id IS NULL OR ?14 IS NULL)
  AND NOT EXISTS (
    SELECT 1 FROM receipt_corrections p WHERE p.receipt_id = r.id AND p.settlement = 'final')`;

/** A correction is known by what it says, so that the same fact again is the same correction. */
export function correctionReference(fact: UsageFact): string {
  return `gateway_log:${contentHash(fact)}`;
}

/**
 * The INSERT that makes an `estimated` or `unknown` receipt say what the gateway's log says. It adds nothing where the
 * receipt is another call's, is final, or was corrected from the log before.
 */
export function correctChargeReceipt(
  db: D1Database,
  fact: UsageFact,
  price: Price,
): D1PreparedStatement {
  const costUsd = parseUsd(fact.costUsd);
  assert(costUsd !== null, "facts are checked before they are recorded");
  return db
    .prepare(insertCorrection)
    .bind(
      receiptIdOf(fact.source, sourceReference(fact)),
      correctionReference(fact),
      fact.inputTokens,
      fact.outputTokens,
      costUsd,
      price.chargedCredits,
      Date.parse(fact.occurredAt),
      fact.billingAccountId,
      fact.virtualKeyId,
      fact.graphId,
      fact.executorType,
      fact.trigger,
      fact.model,
      fact.providerCallId,
    );
}
