import { z } from "zod";
import { isTooDeep } from "../base/json-depth.ts";
import { parseUsd } from "../base/money.ts";
import type { GatewayUsage } from "../ports/completion.ts";
import type { JsonValue } from "../ports/json.ts";

const toolCallDelta = z.object({
  index: z.int().min(0).nullish(),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});

const choice = z.object({
  delta: z
    .object({ content: z.string().nullish(), tool_calls: z.array(toolCallDelta).nullish() })
    .nullish(),
  finish_reason: z.string().nullish(),
});

/** One chunk of a streamed chat completion. `usage` is checked apart, since a bad one must not cost the text. */
const upstreamChunk = z.object({
  id: z.string().nullish(),
  model: z.string().nullish(),
  choices: z.array(choice).nullish(),
  usage: z.unknown().optional(),
  error: z.unknown().optional(),
});
export type UpstreamChunk = z.infer<typeof upstreamChunk>;
export type ToolCallDelta = z.infer<typeof toolCallDelta>;

/** A chunk as the schema reads it, or null when it is none. */
export function parseChunk(value: unknown): UpstreamChunk | null {
  // Nearly every chunk is one piece of text. Looking at its few fields costs a tenth of what the schema does.
  if (isPlainText(value)) return value;
  const parsed = upstreamChunk.safeParse(value);
  return parsed.success ? parsed.data : null;
}

const wholeCompletion = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        message: z.looseObject({ tool_calls: z.array(z.looseObject({})).nullish() }),
      }),
    )
    .min(1),
});

/** A chat completion that was not streamed, as the one chunk that it would be; null when it is none. */
export function parseCompletion(value: unknown): UpstreamChunk | null {
  const parsed = wholeCompletion.safeParse(value);
  if (!parsed.success) return null;
  const choices = parsed.data.choices.map(({ message, ...choice }) => {
    // Numbered by their place alone: ids may be missing or repeated.
    const toolCalls = (message.tool_calls ?? []).map((call, index) => ({ ...call, index }));
    return { ...choice, delta: { ...message, tool_calls: toolCalls } };
  });
  return parseChunk({ ...parsed.data, choices });
}

function isPlainText(value: unknown): value is UpstreamChunk {
  const { id, model, choices, usage, error } = fieldsOf(value);
  if (typeof id !== "string" || typeof model !== "string") return false;
  if ((usage ?? null) !== null || (error ?? null) !== null) return false;
  if (!Array.isArray(choices) || choices.length !== 1) return false;
  const { delta, finish_reason: finishReason } = fieldsOf(choices[0]);
  const { content, tool_calls: toolCalls } = fieldsOf(delta);
  return (
    typeof content === "string" && (toolCalls ?? null) === null && (finishReason ?? null) === null
  );
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** No model takes or makes this many; a count beyond it is an upstream's mistake, and could not be priced. */
const tokensMax = 1_000_000_000;
/** The string "12" and 2.5 are no token counts. */
const count = z.int().min(0).max(tokensMax);
const optionalCount = count.nullish().transform((value) => value ?? 0);

const usageSchema = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  prompt_tokens_details: z
    .object({ cached_tokens: optionalCount, cache_creation_tokens: optionalCount })
    .nullish(),
  completion_tokens_details: z.object({ reasoning_tokens: optionalCount }).nullish(),
  cache_read_input_tokens: optionalCount,
  cache_creation_input_tokens: optionalCount,
  cost: z.unknown().optional(),
});

/** Made once: building a schema costs more than using it. */
const json = z.json();
/** The stated usage is kept beside the fact, up to this many characters of JSON and not too deep. */
const rawCharsMax = 4_000;

/** Usage as the upstream stated it, or null when it is not believable. Parts never exceed what they are part of. */
export function parseUsage(value: unknown): GatewayUsage | null {
  const parsed = usageSchema.safeParse(value);
  if (!parsed.success) return null;
  const usage = parsed.data;
  const inputTokens = usage.prompt_tokens;
  const outputTokens = usage.completion_tokens;
  const cacheReadTokens = Math.min(
    usage.prompt_tokens_details?.cached_tokens || usage.cache_read_input_tokens,
    inputTokens,
  );
  const cacheWriteTokens = Math.min(
    usage.prompt_tokens_details?.cache_creation_tokens || usage.cache_creation_input_tokens,
    inputTokens - cacheReadTokens,
  );
  const reasoning = usage.completion_tokens_details?.reasoning_tokens ?? 0;
  const raw = isTooDeep(value) ? null : json.safeParse(value);
  return {
    inputTokens,
    outputTokens,
    cacheReadTokens,
    cacheWriteTokens,
    reasoningTokens: Math.min(reasoning, outputTokens),
    costUsd: parseUsd(usage.cost),
    raw: raw?.success === true ? shortened(raw.data) : null,
  };
}

function shortened(raw: JsonValue): JsonValue {
  return JSON.stringify(raw).length > rawCharsMax ? null : raw;
}
