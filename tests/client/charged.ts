import type { RunCall } from "../../src/ports/run.ts";
import type { Correction, Receipt } from "../../src/client/wire.ts";

/** A settled call of the planner, 1.4 seconds long. */
export function makeCall(changes: Partial<RunCall> = {}): RunCall {
  return {
    callId: "call_a",
    nodeKey: "planner",
    ordinal: 1,
    dispatch: 1,
    attempt: 0,
    state: "settled",
    model: "gpt-test",
    startedAt: "2026-11-21T12:00:00.000Z",
    endedAt: "2026-11-21T12:00:01.400Z",
    usageUnitId: "unit-1",
    receiptId: "rcpt_1",
    ...changes,
  };
}

/** Cost 0.001 USD, charged with a markup of 25%; what is effective follows from the corrections. */
export function makeReceipt(changes: Partial<Receipt> = {}): Receipt {
  const receipt = {
    receiptId: "rcpt_1",
    usageUnitId: "unit-1",
    attempt: 0,
    model: "gpt-test",
    provenance: "usage",
    settlement: "final",
    inputTokens: 1_200,
    outputTokens: 34,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    costUsd: "0.001",
    chargedCredits: 12_500,
    priceVersion: "usage*12500bp",
    corrections: [],
    ...changes,
  } as unknown as Receipt;
  const newest = receipt.corrections.at(-1) ?? receipt;
  const { settlement, provenance, costUsd, inputTokens, outputTokens } = newest;
  const chargedCredits = receipt.corrections.reduce(
    (sum, { chargedDelta }) => sum + chargedDelta,
    receipt.chargedCredits,
  );
  const known = { settlement, provenance, costUsd, chargedCredits, inputTokens, outputTokens };
  return { ...receipt, effective: known };
}

/** What the gateway's log says later: a cost of 0.0008 USD. */
export function fromLog(changes: Partial<Correction> = {}): Correction {
  return {
    reference: "gateway_log:1",
    reason: "correction",
    settlement: "final",
    provenance: "gateway_log",
    inputTokens: 1_000,
    outputTokens: 30,
    costUsd: "0.0008",
    chargedDelta: -2_500,
    createdAt: "2026-11-21T12:05:00.000Z",
    ...changes,
  };
}

/** A refund leaves everything but the charge as it was. */
export function refund(of: Receipt, credits: number): Correction {
  const { settlement, provenance, costUsd, inputTokens, outputTokens } =
    of.corrections.at(-1) ?? of;
  return fromLog({
    ...{ settlement, provenance, costUsd, inputTokens, outputTokens },
    reason: "refund",
    reference: "ticket-7",
    chargedDelta: -credits,
  });
}

/** Of a dispatch whose end nobody saw. */
export const unknown = {
  settlement: "unknown",
  provenance: "estimate",
  inputTokens: 0,
  outputTokens: 0,
  costUsd: "0",
  chargedCredits: 0,
} as const;

export const nothing = { inputTokens: 0, outputTokens: 0, costUsd: "0" } as const;
