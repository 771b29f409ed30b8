import { z } from "@hono/zod-openapi";
import { toIso } from "../base/clock.ts";
import type { ReceiptRow } from "../billing/effective.ts";
import { credits, isoTime, triggers } from "./schemas.ts";

const tokens = z.int().min(0);
const settlement = z.enum(["final", "estimated", "unknown"]);
const costUsd = z.string().openapi({ description: "Exact decimal", example: "0.0000025" });

const correction = z
  .object({
    reference: z.string(),
    reason: z.enum(["correction", "refund"]),
    settlement,
    provenance: z.string(),
    inputTokens: tokens,
    outputTokens: tokens,
    costUsd,
    chargedDelta: z.int().openapi({ description: "Credits that the charge changed by" }),
    createdAt: isoTime,
  })
  .openapi("Correction", { description: "What is true of the call from here on" });

export const receipt = z
  .object({
    receiptId: z.string(),
    sourceSystem: z.string(),
    sourceReference: z.string(),
    usageUnitId: z.string(),
    providerCallId: z.string().nullable(),
    runId: z.string(),
    attempt: z.int(),
    requestId: z.string(),
    graphId: z.string(),
    executorType: z.string(),
    virtualKeyId: z.string(),
    trigger: z.enum(triggers),
    receiptKind: z.literal("llm"),
    provenance: z.string(),
    settlement,
    provider: z.string(),
    model: z.string(),
    servedModel: z.string().nullable(),
    inputTokens: tokens,
    outputTokens: tokens,
    cacheReadTokens: tokens,
    cacheWriteTokens: tokens,
    reasoningTokens: tokens,
    costUsd,
    chargedCredits: credits,
    priceVersion: z.string(),
    createdAt: isoTime,
    effective: z
      .object({
        settlement,
        provenance: z.string(),
        inputTokens: tokens,
        outputTokens: tokens,
        costUsd,
        chargedCredits: credits,
      })
      .openapi({ description: "The receipt with its corrections: what counts" }),
    corrections: z.array(correction).openapi({ description: "In order; none as a rule" }),
  })
  .openapi("Receipt");

export type ReceiptBody = z.input<typeof receipt>;

/** Leaves out what is only evidence for operators: the raw usage and the content hash. */
export function receiptBody(row: ReceiptRow): ReceiptBody {
  return {
    receiptId: row.id,
    sourceSystem: row.sourceSystem,
    sourceReference: row.sourceReference,
    usageUnitId: row.usageUnitId,
    providerCallId: row.providerCallId,
    runId: row.runId,
    attempt: row.attempt,
    requestId: row.requestId,
    graphId: row.graphId,
    executorType: row.executorType,
    virtualKeyId: row.virtualKeyId,
    trigger: row.trigger,
    receiptKind: row.receiptKind,
    provenance: row.provenance,
    settlement: row.settlement,
    provider: row.provider,
    model: row.model,
    servedModel: row.servedModel,
    inputTokens: row.inputTokens,
    outputTokens: row.outputTokens,
    cacheReadTokens: row.cacheReadTokens,
    cacheWriteTokens: row.cacheWriteTokens,
    reasoningTokens: row.reasoningTokens,
    costUsd: row.costUsd,
    chargedCredits: row.chargedCredits,
    priceVersion: row.priceVersion,
    createdAt: toIso(row.createdAt),
    effective: row.effective,
    corrections: row.corrections.map(({ id: _id, createdAt, ...rest }) => ({
      ...rest,
      createdAt: toIso(createdAt),
    })),
  };
}
