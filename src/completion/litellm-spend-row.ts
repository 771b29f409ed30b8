import { z } from "zod";
import { parseUsd } from "../base/money.ts";
import type { JsonValue } from "../ports/json.ts";
import type { SpendRow } from "../ports/spend-log.ts";

const optionalText = z
  .string()
  .nullish()
  .transform((text) => (text === undefined || text === null || text === "" ? null : text));
/** Absent counts are 0; counts that are none make the row unreadable, and so never a charge. */
const count = z
  .int()
  .min(0)
  .nullish()
  .transform((value) => value ?? 0);

const rowSchema = z.object({
  request_id: z.string().min(1).max(300),
  litellm_call_id: optionalText,
  end_user: optionalText,
  model: optionalText,
  model_group: optionalText,
  status: optionalText,
  spend: z.union([z.string(), z.number()]).nullish(),
  prompt_tokens: count,
  completion_tokens: count,
  startTime: optionalText,
  // JSON text in the table, an object in some answers.
  metadata: z.unknown().optional(),
});

const usageSchema = z.object({
  prompt_tokens_details: z.object({ cached_tokens: count }).nullish().catch(null),
  completion_tokens_details: z.object({ reasoning_tokens: count }).nullish().catch(null),
  cache_read_input_tokens: count.catch(0),
  cache_creation_input_tokens: count.catch(0),
});

const metadataSchema = z.object({
  status: optionalText.catch(null),
  litellm_call_id: optionalText.catch(null),
  spend_logs_metadata: z
    .object({ runledger_dispatch_id: optionalText.catch(null) })
    .nullish()
    .catch(null),
  usage_object: usageSchema.nullish().catch(null),
  additional_usage_values: usageSchema.nullish().catch(null),
});

/** A row of LiteLLM's spend log, or null for one that cannot be read as a single call. */
export function parseSpendRow(value: unknown): SpendRow | null {
  const parsed = rowSchema.safeParse(value);
  if (!parsed.success) return null;
  const row = parsed.data;
  const known = metadataSchema.safeParse(objectOf(row.metadata));
  const metadata = known.success ? known.data : null;
  const usage = metadata?.usage_object ?? metadata?.additional_usage_values ?? null;
  const inputTokens = row.prompt_tokens;
  const outputTokens = row.completion_tokens;
  const cacheRead =
    usage?.prompt_tokens_details?.cached_tokens || usage?.cache_read_input_tokens || 0;
  const cacheReadTokens = Math.min(cacheRead, inputTokens);
  const cacheWrite = usage?.cache_creation_input_tokens ?? 0;
  const reasoning = usage?.completion_tokens_details?.reasoning_tokens ?? 0;
  const raw: JsonValue = {
    request_id: row.request_id,
    ...(row.spend === null || row.spend === undefined ? {} : { spend: String(row.spend) }),
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
  };
  return {
    requestId: row.request_id,
    callId: row.litellm_call_id ?? metadata?.litellm_call_id ?? null,
    dispatchId: metadata?.spend_logs_metadata?.runledger_dispatch_id ?? null,
    endUser: row.end_user ?? "",
    model: row.model_group ?? row.model ?? "",
    isFailure: (row.status ?? metadata?.status) === "failure",
    costUsd: parseUsd(row.spend),
    startedAt: isoOf(row.startTime),
    inputTokens,
    outputTokens,
    cacheReadTokens,
    cacheWriteTokens: Math.min(cacheWrite, inputTokens - cacheReadTokens),
    reasoningTokens: Math.min(reasoning, outputTokens),
    raw,
  };
}

function objectOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    // No metadata: the row is then known by its other ids alone.
    return null;
  }
}

/** LiteLLM keeps UTC and writes it with or without saying so. */
function isoOf(text: string | null): string | null {
  if (text === null) return null;
  const at = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text.replace(" ", "T")}Z`);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}
