import type { JsonObject, JsonValue } from "./json.ts";
import type { RunContext } from "./run-context.ts";

/** What a model is told of a tool. The id is also the function name that the model calls: `core__current_time`. */
export interface ToolSpec {
  id: string;
  description: string;
  /** JSON Schema of the arguments. */
  parameters: JsonObject;
}

export interface ToolCall {
  toolId: string;
  toolCallId: string;
  messageId: string;
  /** As the model wrote it: parsed where it is JSON, otherwise the raw text. */
  args: JsonValue;
}

export type ToolErrorCode =
  | "policy_denied"
  | "not_found"
  | "invalid_input"
  | "invalid_output"
  | "timeout"
  | "failed";

export type ToolOutcome =
  | { ok: true; result: JsonValue }
  | { ok: false; code: ToolErrorCode; message: string };

/** Runs one tool call under the run's policy; never rejects. `allowed` is the node's effective allowlist. */
export type ToolExecFn = (call: ToolCall, allowed: readonly string[]) => Promise<ToolOutcome>;

/** What a tool may know and use: references, never secrets. */
export interface ToolContext {
  readonly run: RunContext;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Unique per tool call of a run, for tools with effects. */
  readonly idempotencyKey: string;
  readonly readOwnUsage: () => Promise<JsonObject>;
}
