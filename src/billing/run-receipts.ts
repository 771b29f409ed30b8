import type {
  ExecutorType,
  Settlement,
  SourceSystem,
  TokenCounts,
  Trigger,
} from "../ports/usage-fact.ts";
import { repeatBatch, type BatchRetry } from "./repeat-batch.ts";

/** A receipt of a run, as it stands after its corrections. */
export interface RunReceipt extends Pick<TokenCounts, "inputTokens" | "outputTokens"> {
  usageUnitId: string;
  providerCallId: string | null;
  attempt: number;
  requestId: string;
  graphId: string;
  executorType: ExecutorType;
  trigger: Trigger;
  provider: string;
  model: string;
  servedModel: string | null;
  /** When it was posted; never changes. */
  postedSettlement: Settlement;
  settlement: Settlement;
  costUsd: string;
  chargedCredits: number;
  /** The charge as it was posted, or as the gateway's log corrected it: what an operator gave back is still in it. */
  pricedCredits: number;
}

const readReceipts = `
SELECT r.usage_unit_id AS usageUnitId, r.provider_call_id AS providerCallId, r.attempt,
  r.request_id AS requestId, r.graph_id AS graphId, r.executor_type AS executorType, r.trigger,
  r.provider, r.model, r.served_model AS servedModel,
  r.settlement AS postedSettlement, coalesce(c.settlement, r.settlement) AS settlement,
  coalesce(c.cost_usd, r.cost_usd) AS costUsd, coalesce(c.input_tokens, r.input_tokens) AS inputTokens,
  coalesce(c.output_tokens, r.output_tokens) AS outputTokens, r.charged_credits + coalesce((
    SELECT sum(p.charged_delta) FROM receipt_corrections p WHERE p.receipt_id = r.id), 0) AS chargedCredits,
  r.charged_credits + coalesce((SELECT sum(p.charged_delta) FROM receipt_corrections p
    WHERE p.receipt_id = r.id AND p.reference GLOB 'gateway_log:*'), 0) AS pricedCredits
FROM charge_receipts r LEFT JOIN receipt_corrections c ON c.id = (
  SELECT max(p.id) FROM receipt_corrections p WHERE p.receipt_id = r.id)
-- With a plus a column has no index: the run's few rows are found, not all of the account's.
WHERE r.run_id = ?1 AND +r.billing_account_id = ?2 AND +r.source_system = ?3`;

/** All receipts of a run that one gateway's calls have. */
export async function readRunReceipts(
  { db, retry }: { db: D1Database; retry?: BatchRetry },
  run: { runId: string; billingAccountId: string; source: SourceSystem },
): Promise<RunReceipt[]> {
  const statement = db.prepare(readReceipts).bind(run.runId, run.billingAccountId, run.source);
  const { results } = await repeatBatch<RunReceipt>(db, [statement], retry);
  return results[0]?.results ?? [];
}
