import { z } from "zod";
import { parseUsd } from "../base/money.ts";
import { missingUnitId } from "../base/usage-unit-id.ts";
import { servedModelCharsMax, unknownFact } from "../completion/unknown-fact.ts";
import type { RunContext } from "../ports/run-context.ts";
import type { ExecutorType, UsageFact } from "../ports/usage-fact.ts";

const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const id = z.string().min(1).max(512);
const graphId = z.string().regex(/^[a-z0-9_-]+:.+$/, "a graph id is provider:graph");

const strictFact = z.strictObject({
  runId: id,
  attempt: count,
  usageUnitId: id,
  source: z.enum([
    "litellm",
    "openai",
    "openrouter",
    "ai_gateway",
    "ollama",
    "anthropic_sdk",
    "demo",
    "external",
  ]),
  providerCallId: id.nullable(),
  graphId,
  executorType: z.enum(["inproc", "langgraph_server", "claude_sdk", "n8n", "sandbox"]),
  billingAccountId: id,
  virtualKeyId: id,
  requestId: id,
  trigger: z.enum(["chat", "schedule", "api", "webhook"]),
  provenance: z.enum(["header", "usage", "price_table", "gateway_log", "estimate", "reported"]),
  settlement: z.enum(["final", "estimated", "unknown"]),
  provider: z.string().max(200),
  model: id,
  servedModel: z.string().max(servedModelCharsMax).nullable(),
  inputTokens: count,
  outputTokens: count,
  cacheReadTokens: count,
  cacheWriteTokens: count,
  reasoningTokens: count,
  costUsd: z.string().refine((text) => parseUsd(text) === text, "exact decimal text"),
  occurredAt: z.iso.datetime(),
  usageRaw: z.json(),
}) satisfies z.ZodType<UsageFact>;

/** Executors whose facts are billed as they stand; the others only hint at usage that is metered elsewhere. */
const trustedExecutors: ReadonlySet<ExecutorType> = new Set(["inproc", "sandbox"]);

export type FactVerdict =
  | { kind: "billable"; fact: UsageFact }
  | { kind: "invalid"; paths: string[] }
  /** An external engine's word: never billed here, its calls are found by reconciliation. */
  | { kind: "hint"; isComplete: boolean }
  | { kind: "foreign" };

/**
 * Judges a fact that claims to belong to a run of `executorType`. Trusted executors: strict. External ones: a hint,
 * whatever it says; one that names another executor type is refused.
 */
export function judgeFact(
  candidate: UsageFact,
  executorType: ExecutorType,
  context: RunContext,
): FactVerdict {
  const parsed = strictFact.safeParse(candidate);
  if (!trustedExecutors.has(executorType)) {
    if (candidate.executorType !== executorType) return { kind: "foreign" };
    return { kind: "hint", isComplete: parsed.success };
  }
  if (!parsed.success) {
    return { kind: "invalid", paths: parsed.error.issues.map((issue) => issue.path.join(".")) };
  }
  const fact = parsed.data;
  if (fact.executorType !== executorType) return { kind: "foreign" };
  const strayed = identity.filter((name) => fact[name] !== context[name]);
  return strayed.length > 0 ? { kind: "invalid", paths: strayed } : { kind: "billable", fact };
}

/** What a fact must share with its run. Not the attempt: a replayed call keeps the attempt of its dispatch. */
const identity = ["runId", "graphId", "billingAccountId", "virtualKeyId"] as const;

/**
 * The receipt that a bad fact still leaves: it says that a call was made, and charges nothing. Everything that names the
 * run comes from the run itself.
 */
export function unknownFactFor(
  candidate: UsageFact,
  executorType: ExecutorType,
  context: RunContext,
  reportIndex: number,
  occurredAt: string,
): UsageFact {
  const fields = strictFact.shape;
  const unitId = fields.usageUnitId.safeParse(candidate.usageUnitId);
  const source = fields.source.safeParse(candidate.source);
  const model = fields.model.safeParse(candidate.model);
  const provider = fields.provider.safeParse(candidate.provider);
  return unknownFact(context, {
    usageUnitId: unitId.data ?? missingUnitId(context.runId, reportIndex),
    source: source.data ?? "external",
    provider: provider.data ?? "unknown",
    model: model.data ?? "unknown",
    executorType,
    occurredAt,
  });
}
