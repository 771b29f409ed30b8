import { assert } from "../base/assert.ts";
import { canonicalJson, sha256Hex } from "../base/hash.ts";
import { deriveId } from "../base/ids.ts";
import { chargeCredits, parseUsd } from "../base/money.ts";
import type { SourceSystem, UsageFact } from "../ports/usage-fact.ts";

export interface Price {
  chargedCredits: number;
  /** Markup in basis points and where the cost came from, as of the posting. */
  priceVersion: string;
}

/**
 * What a customer pays for a call: ceil(cost x markup), exact until that one rounding. An `unknown` call is free: what it
 * cost is ours to find out, and a correction says so later. So is a dispatch that recovery had to repeat.
 */
export function priceFact(fact: UsageFact, markupBasisPoints: number): Price {
  const priceVersion = `${fact.provenance}*${markupBasisPoints}bp`;
  const isFree = fact.settlement === "unknown" || fact.isRepeatedDispatch === true;
  if (isFree) return { chargedCredits: 0, priceVersion };
  const chargedCredits = chargeCredits(fact.costUsd, markupBasisPoints);
  assert(chargedCredits !== null, "the charge fits into the ledger");
  return { chargedCredits, priceVersion };
}

/** Names a usage unit once and for all; with the source system it is the receipt's unique key. */
export function sourceReference(
  fact: Pick<UsageFact, "runId" | "attempt" | "usageUnitId">,
): string {
  return `${fact.runId}/${fact.attempt}/${fact.usageUnitId}`;
}

/** Derived from the key, so that a repeated receipt is recognised as the same one. */
export function receiptIdOf(source: SourceSystem, reference: string): string {
  return deriveId("receipt", ["receipt", source, reference]);
}

/**
 * What must be equal for two facts of one key to be the same fact. Not in it: receipt id, request id, time and raw usage,
 * which may differ between honest repeats; and the charge, which depends on the markup of the day.
 */
export function contentHash(fact: UsageFact): string {
  const { source, providerCallId, graphId, executorType, billingAccountId, virtualKeyId } = fact;
  const { trigger, provenance, settlement, provider, model, servedModel } = fact;
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } = fact;
  return sha256Hex(
    canonicalJson({
      source,
      reference: sourceReference(fact),
      providerCallId,
      graphId,
      executorType,
      billingAccountId,
      virtualKeyId,
      trigger,
      provenance,
      settlement,
      provider,
      model,
      servedModel,
      tokens: [inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens],
      costUsd: parseUsd(fact.costUsd),
      ...(fact.isRepeatedDispatch === true ? { isRepeatedDispatch: true } : {}),
    }),
  );
}

/**
 * Why a fact cannot be posted, or null. Doors have validated it; this is the ledger's own last look, because a STRICT
 * INTEGER column takes the text '12' and D1 makes NULL of NaN.
 */
export function factProblem(fact: UsageFact, markupBasisPoints: number): string | null {
  const counts = {
    attempt: fact.attempt,
    inputTokens: fact.inputTokens,
    outputTokens: fact.outputTokens,
    cacheReadTokens: fact.cacheReadTokens,
    cacheWriteTokens: fact.cacheWriteTokens,
    reasoningTokens: fact.reasoningTokens,
  };
  for (const [name, count] of Object.entries(counts)) {
    if (!Number.isSafeInteger(count) || count < 0) return `${name} is not a count`;
  }
  if (fact.usageUnitId === "") return "usageUnitId is empty";
  if (Number.isNaN(Date.parse(fact.occurredAt))) return "occurredAt is not a time";
  if (typeof fact.costUsd !== "string") return "costUsd is not text";
  const costUsd = parseUsd(fact.costUsd);
  if (costUsd === null) return "costUsd is not an exact non-negative decimal";
  if (chargeCredits(costUsd, markupBasisPoints) === null) return "costUsd is beyond the ledger";
  return null;
}
