import { z } from "zod";
import { ConfigurationError } from "../base/errors.ts";
import { chargeCredits, costFromPrices, isZeroUsd, parseUsd } from "../base/money.ts";
import type { ModelCatalog, ModelEntry } from "../ports/model-catalog.ts";
import type { TokenCounts } from "../ports/usage-fact.ts";

/** Where an entry names no limits: what nearly every current model can do. */
const contextTokensDefault = 128_000;
const outputTokensDefault = 4_096;

const price = z.union([z.string(), z.number()]).transform((value, context) => {
  const usd = parseUsd(value);
  if (usd !== null) return usd;
  context.addIssue("must be a non-negative decimal, USD per million tokens");
  return z.NEVER;
});
const tokens = z.int().min(1).max(100_000_000);

const entrySchema = z.strictObject({
  id: z.string().trim().min(1).max(200),
  name: z.string().trim().min(1).max(200).optional(),
  provider: z.string().trim().min(1).max(100).optional(),
  inputUsdPerMTok: price.optional(),
  outputUsdPerMTok: price.optional(),
  cacheReadUsdPerMTok: price.optional(),
  cacheWriteUsdPerMTok: price.optional(),
  contextTokens: tokens.optional(),
  maxOutputTokens: tokens.optional(),
  free: z.boolean().default(false),
  onStop: z.enum(["cut", "drain"]).default("cut"),
});

// Nominal prices, so that a newcomer sees the ledger move.
const demoModels: readonly ModelEntry[] = [
  demoModel("demo/small", "Demo small", "0.1", "0.4"),
  demoModel("demo/large", "Demo large", "1", "4"),
];

/**
 * The demo models and what MODEL_CATALOG adds; its first entry becomes the default model.
 * Throws with the entry's id and field when an entry is wrong, or when there is no gateway to reach it by.
 */
export function createModelCatalog(json: string | null, hasGateway: boolean): ModelCatalog {
  const configured = json === null ? [] : parseEntries(json);
  const [first] = configured;
  if (first !== undefined && !hasGateway) {
    throw new ConfigurationError(
      `MODEL_CATALOG: ${first.id} needs a gateway. Set GATEWAY_BASE_URL.`,
    );
  }
  const models = [...configured, ...demoModels];
  const byId = new Map<string, ModelEntry>();
  for (const model of models) {
    if (byId.has(model.id))
      throw new ConfigurationError(`MODEL_CATALOG: ${model.id} is there twice.`);
    byId.set(model.id, model);
  }
  return {
    models,
    defaultModelId: first?.id ?? "demo/small",
    find: (modelId) => byId.get(modelId) ?? null,
  };
}

function parseEntries(json: string): ModelEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new ConfigurationError("MODEL_CATALOG is not JSON.");
  }
  if (!Array.isArray(value))
    throw new ConfigurationError("MODEL_CATALOG must be a JSON array of models.");
  return value.map(parseEntry);
}

function parseEntry(value: unknown, index: number): ModelEntry {
  const parsed = entrySchema.safeParse(value);
  const name = nameOf(value, index);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
    throw new ConfigurationError(`MODEL_CATALOG: ${name}: ${issues.join("; ")}`);
  }
  const entry = parsed.data;
  const { inputUsdPerMTok: input, outputUsdPerMTok: output } = entry;
  if (!entry.free) {
    if (input === undefined || output === undefined) {
      throw new ConfigurationError(
        `MODEL_CATALOG: ${name}: its price is unknown. Give inputUsdPerMTok and outputUsdPerMTok, or "free": true.`,
      );
    }
    if (isZeroUsd(input) && isZeroUsd(output)) {
      throw new ConfigurationError(
        `MODEL_CATALOG: ${name}: it costs nothing. Say so with "free": true.`,
      );
    }
  } else if (
    ![input, output, entry.cacheReadUsdPerMTok, entry.cacheWriteUsdPerMTok].every(
      (usd) => usd === undefined || isZeroUsd(usd),
    )
  ) {
    throw new ConfigurationError(`MODEL_CATALOG: ${name}: it has a price and is "free": true.`);
  }
  return {
    id: entry.id,
    name: entry.name ?? entry.id,
    provider: entry.provider ?? "gateway",
    inputUsdPerMTok: input ?? "0",
    outputUsdPerMTok: output ?? "0",
    cacheReadUsdPerMTok: entry.cacheReadUsdPerMTok ?? null,
    cacheWriteUsdPerMTok: entry.cacheWriteUsdPerMTok ?? null,
    contextTokens: entry.contextTokens ?? contextTokensDefault,
    isContextStated: entry.contextTokens !== undefined,
    maxOutputTokens: entry.maxOutputTokens ?? outputTokensDefault,
    free: entry.free,
    onStop: entry.onStop,
    gateway: "configured",
  };
}

function nameOf(value: unknown, index: number): string {
  const hasId = typeof value === "object" && value !== null && "id" in value;
  return hasId && typeof value.id === "string" ? value.id : `entry ${index + 1}`;
}

function demoModel(id: string, name: string, input: string, output: string): ModelEntry {
  return {
    id,
    name,
    provider: "demo",
    inputUsdPerMTok: input,
    outputUsdPerMTok: output,
    cacheReadUsdPerMTok: null,
    cacheWriteUsdPerMTok: null,
    contextTokens: 32_000,
    // It answers whatever it is sent.
    isContextStated: false,
    maxOutputTokens: 2_048,
    free: false,
    onStop: "cut",
    gateway: "demo",
  };
}

/**
 * Cost in USD, exact decimal text. Cached tokens are part of the input and are priced once, at their own price where
 * the entry has one; reasoning is part of the output.
 */
export function tokenCostUsd(entry: ModelEntry, counts: TokenCounts): string {
  const cacheRead = Math.min(counts.cacheReadTokens, counts.inputTokens);
  const cacheWrite = Math.min(counts.cacheWriteTokens, counts.inputTokens - cacheRead);
  const { inputUsdPerMTok, outputUsdPerMTok } = entry;
  return costFromPrices([
    { usdPerMTok: inputUsdPerMTok, tokens: counts.inputTokens - cacheRead - cacheWrite },
    { usdPerMTok: entry.cacheReadUsdPerMTok ?? inputUsdPerMTok, tokens: cacheRead },
    { usdPerMTok: entry.cacheWriteUsdPerMTok ?? inputUsdPerMTok, tokens: cacheWrite },
    { usdPerMTok: outputUsdPerMTok, tokens: counts.outputTokens },
  ]);
}

/** No more input than the model takes, where that is known. */
export function withinContext(entry: ModelEntry, inputTokens: number): number {
  return entry.isContextStated ? Math.min(inputTokens, entry.contextTokens) : inputTokens;
}

/**
 * The most one call can be charged, in credits: a token for every byte of UTF-8 (byte-level vocabularies make no more;
 * of a character of a rare script they do make several), every one of them written to the cache where that is dearer,
 * and the whole output limit.
 */
export function mostCallCredits(
  entry: ModelEntry,
  inputBytes: number,
  markupBasisPoints: number,
): number {
  const inputTokens = withinContext(entry, inputBytes);
  const asInput = { inputTokens, outputTokens: entry.maxOutputTokens, reasoningTokens: 0 };
  const cacheWrites = entry.cacheWriteUsdPerMTok === null ? [0] : [0, inputTokens];
  const credits = cacheWrites.map((cacheWriteTokens) => {
    const costUsd = tokenCostUsd(entry, { ...asInput, cacheReadTokens: 0, cacheWriteTokens });
    return chargeCredits(costUsd, markupBasisPoints) ?? Number.MAX_SAFE_INTEGER;
  });
  return Math.max(...credits);
}
