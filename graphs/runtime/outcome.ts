import type { BaseMessage } from "@langchain/core/messages";
import { INTERRUPT, isInterrupted } from "@langchain/langgraph";
import type { AiError } from "../../src/ports/ai-event.ts";
import type { GraphOutcome } from "../../src/ports/graph-runner.ts";
import type { JsonValue } from "../../src/ports/json.ts";
import { CompletionError } from "./completion-error.ts";
import { isAiMessage } from "./tool-calls.ts";

/**
 * What a graph returned, as the port says it. By convention of all graphs the answer is the last message.
 * `nameQuestion` makes an interrupt's id of LangGraph's.
 */
export function outcomeOf(
  result: unknown,
  nameQuestion: (questionId: string) => string,
): GraphOutcome {
  if (isInterrupted(result)) {
    const interrupts = result[INTERRUPT].map(({ id, value }) => {
      if (id === undefined) throw new Error("an interrupt has no id to be answered by");
      return { interruptId: nameQuestion(id), value: toJson(value) };
    });
    return { kind: "interrupted", interrupts };
  }
  const { messages = [] } = (result ?? {}) as { messages?: BaseMessage[] };
  const last = messages.at(-1);
  if (!isAiMessage(last) || last.id === undefined) {
    throw new Error("a graph ends with the answer of a model");
  }
  const finishReason: unknown = last.response_metadata["finish_reason"];
  return {
    kind: "final",
    messageId: last.id,
    content: last.text,
    ...(typeof finishReason === "string" ? { finishReason } : {}),
  };
}

/** As it will be stored and sent; nothing that a graph asks with is more than data on its way. */
function toJson(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value ?? null)) as JsonValue;
}

/**
 * What a graph threw, as one of the eight codes. A run that was stopped is `aborted` whatever failed on the way. Anything
 * unexpected is `internal` with a neutral message, since the original may quote prompts or keys.
 */
export function failureOf(thrown: unknown, stopped: boolean): AiError {
  if (stopped) return { code: "aborted", message: "The run was stopped." };
  const errors = thrown instanceof AggregateError ? (thrown.errors as unknown[]) : [thrown];
  const completions = errors.filter((error) => error instanceof CompletionError);
  // Parallel calls may fail together; one that was only aborted for another's sake is not the reason.
  const reason = completions.find(({ error }) => error.code !== "aborted") ?? completions[0];
  if (reason !== undefined) return reason.error;
  if (errors.some(isStepLimit)) {
    // The caller's own limit, which the caller can raise: neither a fault of ours nor a matter of time.
    return {
      code: "invalid_request",
      message: "The run reached its limit of graph steps. Raise limits.maxSteps or ask for less.",
    };
  }
  return {
    code: "internal",
    message:
      "The graph failed. What it used is billed. Retry it, or give the run's id to the operator.",
  };
}

function isStepLimit(error: unknown): boolean {
  return error instanceof Error && error.name === "GraphRecursionError";
}
