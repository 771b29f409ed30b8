import type { JsonValue } from "./json.ts";

/** Who reported the call; with `source_reference` it is the receipt's unique key. */
export type SourceSystem =
  | "litellm"
  | "openai"
  | "openrouter"
  | "ai_gateway"
  | "ollama"
  | "anthropic_sdk"
  | "demo"
  | "external";
export type ExecutorType = "inproc" | "langgraph_server" | "claude_sdk" | "n8n" | "sandbox";
export type Trigger = "chat" | "schedule" | "api" | "webhook";
/** Where the cost came from, in falling order of trust. */
export type Provenance =
  | "header"
  | "usage"
  | "price_table"
  | "gateway_log"
  | "estimate"
  | "reported";
/** `unknown` means that a dispatch was made and no complete answer was recorded: it charges 0. */
export type Settlement = "final" | "estimated" | "unknown";

/** Token counts of one call. Cached tokens are part of `inputTokens`, reasoning tokens part of `outputTokens`. */
export interface TokenCounts {
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  reasoningTokens: number;
}

/**
 * What one physical model call used. It states cost (what the provider asks), never charge (what the customer pays):
 * the charge is computed once, by billing. All counts are non-negative safe integers, `costUsd` is exact decimal text.
 */
export interface UsageFact extends TokenCounts {
  runId: string;
  attempt: number;
  /** The gateway's id of the call, or one of ours where that cannot be a name (`base/usage-unit-id.ts`). */
  usageUnitId: string;
  source: SourceSystem;
  /** Set only where the dialect promises that ids never repeat. */
  providerCallId: string | null;
  graphId: string;
  executorType: ExecutorType;
  billingAccountId: string;
  virtualKeyId: string;
  /** The ingress request, for correlation only. */
  requestId: string;
  trigger: Trigger;
  provenance: Provenance;
  settlement: Settlement;
  provider: string;
  /** The model as asked for; the same string as in the request and in the gateway call. */
  model: string;
  /** The model that answered, where the gateway says so. */
  servedModel: string | null;
  costUsd: string;
  /** ISO 8601 UTC, the time of settlement. Not part of the accounting content. */
  occurredAt: string;
  usageRaw: JsonValue;
  /**
   * True for a dispatch whose call was dispatched again after its host died, and is charged there: its cost is recorded,
   * and it charges 0, because the customer asked once.
   */
  isRepeatedDispatch?: boolean;
}

/** Makes a fact durable. Repeating it is harmless; it resolves only when the fact can no longer be lost. */
export type BillingCommitFn = (fact: UsageFact) => Promise<void>;
