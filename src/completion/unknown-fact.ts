import type { RunContext } from "../ports/run-context.ts";
import type { UsageFact } from "../ports/usage-fact.ts";

/** A longer name of the model that answered is cut. */
export const servedModelCharsMax = 512;

/** What is known of a call whose complete answer nobody recorded. */
export type UnknownCall = Pick<
  UsageFact,
  "usageUnitId" | "source" | "provider" | "model" | "executorType" | "occurredAt"
>;

/** The receipt such a call owes: it was made, and it charges nothing until reconciliation learns what it cost. */
export function unknownFact(context: RunContext, call: UnknownCall): UsageFact {
  return {
    runId: context.runId,
    attempt: context.attempt,
    graphId: context.graphId,
    billingAccountId: context.billingAccountId,
    virtualKeyId: context.virtualKeyId,
    requestId: context.requestId,
    trigger: context.trigger,
    ...call,
    providerCallId: null,
    provenance: "estimate",
    settlement: "unknown",
    servedModel: null,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    costUsd: "0",
    usageRaw: null,
  };
}
