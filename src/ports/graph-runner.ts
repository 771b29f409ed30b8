import type { AiError, AiEvent } from "./ai-event.ts";
import type { ChatMessage, CompletionFn } from "./completion.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { ToolExecFn } from "./tools.ts";

/** Receives what a node's model call streams, in order; may make the node wait. */
export type TokenSink = (event: AiEvent) => void | Promise<void>;

export interface GraphInvocation {
  /** The graph's name, without provider. */
  graphName: string;
  messages: readonly ChatMessage[];
  /** JSON: `model`, `runId`, `attempt`, `toolIds`, node overrides. */
  configurable: JsonObject;
  maxSteps: number;
  signal: AbortSignal;
  completionFn: CompletionFn;
  tokenSink: TokenSink;
  toolExecFn: ToolExecFn;
}

export type GraphOutcome =
  | { kind: "final"; messageId: string; content: string; finishReason?: string }
  | { kind: "interrupted"; interrupts: readonly { interruptId: string; value: JsonValue }[] }
  | { kind: "failed"; error: AiError };

/** Runs one in-process graph to its end; never rejects. Implemented once, beside the graphs. */
export interface GraphRunner {
  run(invocation: GraphInvocation): Promise<GraphOutcome>;
}
