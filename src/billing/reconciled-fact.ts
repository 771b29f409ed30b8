import { toIso } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { isBelievableCost, isZeroUsd } from "../base/money.ts";
import { isLongEnoughToBeUnique } from "../base/usage-unit-id.ts";
import type { RunContext } from "../ports/run-context.ts";
import type { SpendLog, SpendRow } from "../ports/spend-log.ts";
import type { ExecutorType, TokenCounts, UsageFact } from "../ports/usage-fact.ts";
import type { RunReceipt } from "./run-receipts.ts";

/** What the catalog knows of a model. */
export interface PricedModel {
  provider: string;
  free: boolean;
  costUsd(counts: TokenCounts): string;
}

export interface FactDeps {
  spendLog: Pick<SpendLog, "source">;
  /** null for a model that the catalog does not have. */
  describeModel(modelId: string): PricedModel | null;
  log: Log;
}

interface Owner {
  context: RunContext;
  executorType: ExecutorType;
}

interface LoggedCall {
  row: SpendRow;
  /** Milliseconds. */
  now: number;
  isRepeatedDispatch: boolean;
}

/** What the log says of a call that has a receipt; null where neither log nor catalog know a price. */
export function correctedFact(
  deps: FactDeps,
  owner: Owner,
  receipt: RunReceipt,
  { row, now, isRepeatedDispatch }: LoggedCall,
): UsageFact | null {
  const costUsd = costOf(deps, owner, receipt.model, row);
  if (costUsd === null) return null;
  return {
    ...receiptFact(deps, owner, receipt, now),
    ...countsOf(row),
    costUsd,
    usageRaw: row.raw,
    ...(isRepeatedDispatch ? { isRepeatedDispatch } : {}),
  };
}

/** Of a dispatch that the log proves to have used nothing. */
export function voidedFact(
  deps: FactDeps,
  owner: Owner,
  receipt: RunReceipt,
  now: number,
): UsageFact {
  return receiptFact(deps, owner, receipt, now);
}

/** What a call is named by that has no receipt yet. */
export function foundUnitId({ callId, dispatchId, requestId }: SpendRow): string {
  return callId ?? dispatchId ?? requestId;
}

/** A call of the log that has no receipt; null where neither log nor catalog know a price. */
export function foundFact(
  deps: FactDeps,
  owner: Owner,
  { row, now, isRepeatedDispatch }: LoggedCall,
): UsageFact | null {
  const costUsd = costOf(deps, owner, row.model, row);
  if (costUsd === null) return null;
  const { context, executorType } = owner;
  return {
    ...context,
    attempt: Number(row.endUser.slice(context.runId.length + 1)),
    usageUnitId: foundUnitId(row),
    source: deps.spendLog.source,
    providerCallId: isLongEnoughToBeUnique(row.requestId) ? row.requestId : null,
    executorType,
    provenance: "gateway_log",
    settlement: "final",
    provider: deps.describeModel(row.model)?.provider ?? "unknown",
    model: row.model === "" ? "unknown" : row.model,
    servedModel: null,
    ...countsOf(row),
    costUsd,
    occurredAt: row.startedAt ?? toIso(now),
    usageRaw: row.raw,
    ...(isRepeatedDispatch ? { isRepeatedDispatch } : {}),
  };
}

function receiptFact(
  { spendLog }: FactDeps,
  { context }: Owner,
  receipt: RunReceipt,
  now: number,
): UsageFact {
  const { usageUnitId, providerCallId, attempt, requestId, graphId } = receipt;
  const { executorType, trigger, provider, model, servedModel } = receipt;
  return {
    ...{ usageUnitId, providerCallId, attempt, requestId, graphId },
    ...{ executorType, trigger, provider, model, servedModel },
    runId: context.runId,
    billingAccountId: context.billingAccountId,
    virtualKeyId: context.virtualKeyId,
    source: spendLog.source,
    provenance: "gateway_log",
    settlement: "final",
    ...nothing,
    costUsd: "0",
    occurredAt: toIso(now),
    usageRaw: null,
  };
}

/**
 * The log's cost; where that cannot be believed, as 0 for a paid model that was used, the price table's, with an alarm. A
 * free model costs nothing, whatever the log says.
 */
function costOf(
  { describeModel, log }: FactDeps,
  { context }: Owner,
  modelId: string,
  row: SpendRow,
): string | null {
  const model = describeModel(modelId);
  const fields = { runId: context.runId, requestId: row.requestId, model: modelId };
  const stated = row.costUsd;
  if (model?.free === true) {
    if (stated !== null && !isZeroUsd(stated)) log.log("warn", "billing.free_model_costs", fields);
    return "0";
  }
  const mayBeZero = row.inputTokens + row.outputTokens === 0;
  if (stated !== null && isBelievableCost(stated, mayBeZero)) return stated;
  if (model === null) return null;
  const isZero = stated === null || isZeroUsd(stated);
  log.log("error", isZero ? "billing.zero_cost_paid_model" : "billing.cost_not_believed", fields);
  return model.costUsd(countsOf(row));
}

const nothing: TokenCounts = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};

function countsOf(row: SpendRow): TokenCounts {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } = row;
  return { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens };
}
