import type { Clock } from "../base/clock.ts";
import { toIso } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { isBelievableCost, isZeroUsd } from "../base/money.ts";
import { missingUnitId, repeatedUnitId, unansweredUnitId } from "../base/usage-unit-id.ts";
import type {
  CallJournal,
  CompletionRequest,
  GatewayAnswer,
  GatewayUsage,
} from "../ports/completion.ts";
import type { ModelEntry } from "../ports/model-catalog.ts";
import type { RunContext } from "../ports/run-context.ts";
import type { ExecutorType, SourceSystem, TokenCounts, UsageFact } from "../ports/usage-fact.ts";
import { estimateUsage, hasBegun } from "./estimate-usage.ts";
import { tokenCostUsd } from "./models.ts";
import { unknownFact } from "./unknown-fact.ts";

/** One dispatch, as far as its receipt needs to know it. */
export interface DispatchedCall {
  context: RunContext;
  executorType: ExecutorType;
  source: SourceSystem;
  entry: ModelEntry;
  /** What was sent. */
  request: Pick<CompletionRequest, "messages" | "tools">;
  callId: string;
  dispatchId: string;
  /** 0-based count of the run's dispatches. */
  callIndex: number;
  journal: Pick<CallJournal, "isUnitTaken">;
  clock: Clock;
  log: Log;
}

export function countsOf(counts: TokenCounts): TokenCounts {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } = counts;
  return { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens };
}

/** The fact of a call whose usage the upstream stated. */
export function finalFact(
  call: DispatchedCall,
  answer: GatewayAnswer,
  usage: GatewayUsage,
): UsageFact {
  return {
    ...factWithoutUsage(call, answer, answer.callId),
    ...countsOf(usage),
    ...costOf(call, answer.headerCostUsd, usage),
    settlement: "final",
    usageRaw: usage.raw,
  };
}

/**
 * The fact of an answer that told no whole usage: counted from what was sent and received, priced from the table. The
 * gateway's log corrects it where there is one. `usageRaw` is what the upstream told on the way.
 */
export function estimatedFact(call: DispatchedCall, answer: GatewayAnswer): UsageFact {
  const counts = estimateUsage(call.request, answer, call.entry);
  return {
    ...factWithoutUsage(call, answer, answer.callId),
    ...counts,
    costUsd: tokenCostUsd(call.entry, counts),
    provenance: "estimate",
    settlement: "estimated",
    usageRaw: answer.usage?.raw ?? null,
  };
}

/**
 * The fact of a dispatch that may have cost something, nobody here knows what. `unitId` is what the gateway called it, null
 * where it named no call.
 */
export function factWithoutUsage(
  call: DispatchedCall,
  answer: GatewayAnswer | null,
  unitId: string | null,
): UsageFact {
  const { context, entry, executorType, source, clock } = call;
  const unit = usageUnit(call, answer, unitId);
  const fact = unknownFact(context, {
    usageUnitId: unit.id,
    source,
    provider: entry.provider,
    model: entry.id,
    executorType,
    occurredAt: toIso(clock.now()),
  });
  return {
    ...fact,
    // A gateway that repeats one id may repeat the other too, and the ledger refuses a repeated one.
    providerCallId: unit.isRepeated ? null : (answer?.providerCallId ?? null),
    servedModel: answer?.servedModel ?? null,
  };
}

/** The gateway's id; where it gave none, or one that another dispatch has, a deterministic one and an alarm. */
function usageUnit(
  call: DispatchedCall,
  answer: GatewayAnswer | null,
  unitId: string | null,
): { id: string; isRepeated: boolean } {
  const { callIndex, dispatchId, source } = call;
  const { runId } = call.context;
  // The gateway had no occasion to name the call: no fault of its. Recovery names such a dispatch in the same way.
  if (unitId === null && (answer === null || !hasBegun(answer)))
    return { id: unansweredUnitId(dispatchId), isRepeated: false };
  const isRepeated = unitId !== null && call.journal.isUnitTaken(unitId, call.callId);
  if (unitId !== null && !isRepeated) return { id: unitId, isRepeated };
  const reason = isRepeated ? "repeated" : "missing";
  call.log.log("error", "billing.missing_usage_unit_id", { runId, dispatchId, source, reason });
  const id = unitId === null ? missingUnitId(runId, callIndex) : repeatedUnitId(unitId, callIndex);
  return { id, isRepeated };
}

/**
 * Response header, then usage chunk, then price table. A stated 0 is believed only where nothing was used or where the
 * model is free: gateways say 0 for models whose price they do not know. Nor is a cost beyond any call's, nor any of a
 * free model: nothing was reserved for it.
 */
function costOf(
  call: DispatchedCall,
  headerCostUsd: string | null,
  usage: GatewayUsage,
): Pick<UsageFact, "costUsd" | "provenance"> {
  const { entry } = call;
  const fields = { runId: call.context.runId, dispatchId: call.dispatchId, model: entry.id };
  if (entry.free && [headerCostUsd, usage.costUsd].some(isSomething)) {
    call.log.log("warn", "billing.free_model_costs", fields);
    return { costUsd: "0", provenance: "price_table" };
  }
  const mayBeZero = entry.free || usage.inputTokens + usage.outputTokens === 0;
  if (headerCostUsd !== null && isBelievableCost(headerCostUsd, mayBeZero)) {
    return { costUsd: headerCostUsd, provenance: "header" };
  }
  if (usage.costUsd !== null && isBelievableCost(usage.costUsd, mayBeZero)) {
    return { costUsd: usage.costUsd, provenance: "usage" };
  }
  if (headerCostUsd !== null || usage.costUsd !== null) {
    const isZero = [headerCostUsd, usage.costUsd].some((cost) => cost !== null && isZeroUsd(cost));
    const event = isZero ? "billing.zero_cost_paid_model" : "billing.cost_not_believed";
    call.log.log("error", event, fields);
  } else if (call.source === "litellm" && !mayBeZero) {
    // It leaves the cost out of streams unless configured to state it; the price table then has to be right.
    call.log.log("warn", "billing.cost_not_reported", fields);
  }
  return { costUsd: tokenCostUsd(entry, usage), provenance: "price_table" };
}

function isSomething(costUsd: string | null): boolean {
  return costUsd !== null && !isZeroUsd(costUsd);
}
