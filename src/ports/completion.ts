import type { AiError, AiEvent } from "./ai-event.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { SourceSystem, TokenCounts, UsageFact } from "./usage-fact.ts";

/** A message of a conversation as people see it. */
export interface ChatMessage {
  role: "user" | "assistant";
  content: string;
}

export interface CompletionToolCall {
  id: string;
  name: string;
  /** JSON text exactly as the model wrote it; it may not parse. */
  argsText: string;
}

/** A message as a graph sends it to a model. The layers below pass it through unchanged. */
export type CompletionMessage =
  | { role: "system" | "user"; content: string }
  | { role: "assistant"; content: string; toolCalls?: readonly CompletionToolCall[] }
  | { role: "tool"; toolCallId: string; content: string };

export interface CompletionTool {
  name: string;
  description: string;
  /** JSON Schema of the arguments. */
  parameters: JsonObject;
}

/** One model call as a graph asks for it. */
export interface CompletionRequest {
  model: string;
  messages: readonly CompletionMessage[];
  tools: readonly CompletionTool[];
  temperature?: number;
  /** The node that asks; viewers and the journal show it. */
  nodeKey: string;
  /** `metadata.langgraph_checkpoint_ns` of the node's task: part of the call's deterministic key. */
  checkpointNs: string;
}

/** What a model answered; also what the journal keeps and replays. */
export interface CompletionOutput {
  messageId: string;
  text: string;
  toolCalls: readonly CompletionToolCall[];
  finishReason: string;
  servedModel: string | null;
}

/**
 * A failure is never a made-up usage; `usage` holds the partial counts where they are known.
 */
export type CompletionFinalResult =
  | { ok: true; requestId: string; output: CompletionOutput; usage: TokenCounts }
  | { ok: false; requestId: string; error: AiError; usage: TokenCounts | null };

/**
 * One model call. The stream yields `text_delta` and at most one `usage_report`, then ends; it never throws and never
 * emits `done`. `final` never rejects and settles when the stream has been drained or closed.
 */
export interface CompletionUnit {
  readonly stream: AsyncIterable<AiEvent>;
  readonly final: Promise<CompletionFinalResult>;
}

/** How a graph reaches a model. The caller must drain the stream. */
export type CompletionFn = (request: CompletionRequest) => CompletionUnit;

/** One physical dispatch, as a gateway sees it. */
export interface GatewayRequest {
  model: string;
  messages: readonly CompletionMessage[];
  tools: readonly CompletionTool[];
  temperature?: number;
  maxOutputTokens: number;
  /** Ours, unique per dispatch; sent upstream where the dialect adopts ids. */
  dispatchId: string;
  /** `runId/attempt`: set here by the server, never by a client. */
  endUser: string;
  runId: string;
  signal: AbortSignal;
}

export interface GatewayHeaders {
  callId: string | null;
  costUsd: string | null;
  servedModel: string | null;
}

/** Usage as the upstream stated it, parsed and checked; `raw` is kept on the fact. */
export interface GatewayUsage extends TokenCounts {
  /** Exact decimal text where the usage chunk itself states a cost. */
  costUsd: string | null;
  raw: JsonValue;
}

/** What arrived, whether or not the call ended well. */
export interface GatewayAnswer {
  text: string;
  toolCalls: readonly CompletionToolCall[];
  finishReason: string | null;
  usage: GatewayUsage | null;
  /** Whether it counts all of the answer: some providers report as they go. Of an answer that ended well it always does. */
  isUsageWhole: boolean;
  /** The id that names the usage unit; null when the upstream gave none. */
  callId: string | null;
  /** Set only where the dialect promises unique ids. */
  providerCallId: string | null;
  servedModel: string | null;
  headerCostUsd: string | null;
}

/**
 * `answered` says whether a 2xx status had arrived: only then does the call owe a receipt for certain.
 * `sent: false` means that the connection was never made, so that the dispatch is void.
 */
export type GatewayEnd =
  | { type: "end"; ok: true; answer: GatewayAnswer }
  | {
      type: "end";
      ok: false;
      error: AiError;
      sent: boolean;
      answered: boolean;
      answer: GatewayAnswer | null;
    };

export type GatewayEvent =
  | ({ type: "headers" } & GatewayHeaders)
  | { type: "text"; delta: string }
  | GatewayEnd;

/**
 * A door to models. `headers` comes for any status: followed by an `end` that is not `answered`, the status was not a
 * 2xx one and the dispatch is void. The iterable never throws: its last event is `end`. Aborting `signal` or closing the iterable closes
 * the upstream connection before the iterable ends.
 */
export interface CompletionGateway {
  readonly source: SourceSystem;
  executeStream(request: GatewayRequest): AsyncIterable<GatewayEvent>;
}

/** What the journal is told before a dispatch. */
export interface CallIntent {
  nodeKey: string;
  checkpointNs: string;
  /** Hash of the canonical request body, without user, metadata and message ids. */
  requestHash: string;
  model: string;
  /** The most that this call can be charged, in credits. */
  mostCredits: number;
}

export type CallOpening =
  | {
      kind: "dispatch";
      callId: string;
      dispatchId: string;
      /** 0-based count of the run's dispatches, for the fallback usage unit id. */
      callIndex: number;
      messageId: string;
    }
  | { kind: "replay"; output: CompletionOutput; fact: UsageFact }
  | { kind: "refused"; error: AiError };

export interface CallSettlement {
  output: CompletionOutput;
  fact: UsageFact;
}

/** A call that did not settle: a fact when it owes a receipt (an `unknown` one, or what is known), null when it is void. */
export interface CallFailure {
  state: "failed" | "cancelled";
  error: AiError;
  fact: UsageFact | null;
}

/**
 * The trail of every model call of a run. `open` may wait for credit; all other operations are synchronous and atomic,
 * so that a call's closing event, its result and its usage become durable together.
 */
export interface CallJournal {
  open(intent: CallIntent): Promise<CallOpening>;
  dispatched(callId: string, headers: GatewayHeaders): void;
  /** True when this usage unit id was already used by another dispatch of the run. */
  isUnitTaken(usageUnitId: string, callId: string): boolean;
  settle(callId: string, settlement: CallSettlement): void;
  fail(callId: string, failure: CallFailure): void;
}
