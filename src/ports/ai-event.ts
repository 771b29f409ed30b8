import type { JsonValue } from "./json.ts";
import type { UsageFact } from "./usage-fact.ts";

/**
 * The one error set that may leave an executor. Terminal by nature: no layer tries again by itself. A caller that wants
 * another go starts a new run or retries the whole run.
 */
export type AiErrorCode =
  | "invalid_request"
  | "not_found"
  | "timeout"
  | "aborted"
  | "rate_limit"
  | "insufficient_credits"
  | "provider_unavailable"
  | "internal";

export interface AiError {
  code: AiErrorCode;
  /** Says what happened and what to do. Never holds a prompt, a key or a stack. */
  message: string;
}

/** Cumulative over the run. Tokens as counted by the provider. */
export interface RunUsage {
  calls: number;
  inputTokens: number;
  outputTokens: number;
}

/** What a run is at, as viewers are told. */
export type RunActivity = "thinking" | "tool_use" | "recovering";
export type DoneStatus = "success" | "error" | "cancelled";

/**
 * What an executor yields. Order within a run: content of a call, its `usage_report`, ... , then either one or more
 * `interrupt`, or `assistant_final` and `done`, or `error` and `done`. Nothing follows them.
 */
export type AiEvent =
  | { type: "status"; phase: RunActivity; label?: string }
  | { type: "text_delta"; messageId: string; nodeKey: string; delta: string }
  | {
      type: "tool_call_start";
      toolCallId: string;
      messageId: string;
      toolName: string;
      args: JsonValue;
    }
  | {
      type: "tool_call_result";
      toolCallId: string;
      messageId: string;
      result: JsonValue;
      isError?: boolean;
    }
  | { type: "usage_report"; fact: UsageFact }
  | { type: "interrupt"; interruptId: string; value: JsonValue }
  | { type: "assistant_final"; messageId: string; content: string }
  | { type: "error"; code: AiErrorCode; message: string }
  | { type: "done"; status: DoneStatus; usage: RunUsage; finishReason?: string };

/** What the event log holds and viewers see: never a usage fact. */
export type RunEvent =
  | Exclude<AiEvent, { type: "usage_report" }>
  | { type: "run_started"; runId: string; attempt: number; graphId: string; model: string }
  | { type: "text_reset"; messageId: string; nodeKey: string }
  | {
      type: "cost";
      calls: number;
      inputTokens: number;
      outputTokens: number;
      chargedCredits: number;
    };
