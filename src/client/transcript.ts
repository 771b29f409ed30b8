import type { AiErrorCode, DoneStatus, RunEvent, RunActivity } from "../ports/ai-event.ts";
import type { JsonValue } from "../ports/json.ts";
import type { Question } from "./questions.ts";
import { questionsAfter } from "./questions.ts";

export interface TextStep {
  kind: "text";
  messageId: string;
  nodeKey: string;
  text: string;
}

export interface ToolStep {
  kind: "tool";
  toolCallId: string;
  toolName: string;
  args: JsonValue;
  state: "running" | "ok" | "failed";
  /** null until there is one. */
  result: JsonValue;
}

export type Step = TextStep | ToolStep;
export type RunCost = Omit<Extract<RunEvent, { type: "cost" }>, "type">;

/** What a viewer knows of a run from its events, in the order in which things first appeared. */
export interface Transcript {
  /** The last event that was applied; a reconnect asks for what follows. */
  lastSeq: number;
  /** 0 for the first; a retry adds one. */
  attempt: number;
  phase: RunActivity | "interrupted" | "ended" | "waiting";
  phaseLabel: string | null;
  steps: readonly Step[];
  /** How often a part was taken back because it is made anew. */
  resets: number;
  final: { messageId: string; content: string } | null;
  cost: RunCost | null;
  /** Everything that it asked a person, also what was answered. */
  questions: readonly Question[];
  error: { code: AiErrorCode; message: string } | null;
  done: DoneStatus | null;
  /** Why the model ended its answer, where it said so and the log is kept: `length` at its limit. */
  finishReason: string | null;
}

export const emptyTranscript: Transcript = {
  lastSeq: 0,
  attempt: 0,
  phase: "waiting",
  phaseLabel: null,
  steps: [],
  resets: 0,
  final: null,
  cost: null,
  questions: [],
  error: null,
  done: null,
  finishReason: null,
};

/**
 * Applies one numbered event. An event that was already applied changes nothing, so that a reconnect which repeats some
 * is harmless.
 */
export function applyEvent(transcript: Transcript, seq: number, event: RunEvent): Transcript {
  if (seq <= transcript.lastSeq) return transcript;
  const questions = questionsAfter(transcript.questions, event);
  const moved = { ...transcript, lastSeq: seq, questions };
  switch (event.type) {
    case "run_started":
      // Also the start of a retry, whose replayed calls keep the text they already have.
      return {
        ...moved,
        attempt: event.attempt,
        phase: "thinking",
        phaseLabel: null,
        error: null,
        done: null,
        finishReason: null,
        final: null,
      };
    case "status":
      return { ...moved, phase: event.phase, phaseLabel: event.label ?? null };
    case "text_delta":
      return { ...moved, steps: withText(transcript.steps, event) };
    case "text_reset":
      return {
        ...moved,
        steps: transcript.steps.filter((step) => !isText(step, event.messageId)),
        resets: transcript.resets + 1,
      };
    case "tool_call_start":
      return { ...moved, steps: withToolStart(transcript.steps, event) };
    case "tool_call_result":
      return { ...moved, steps: withToolResult(transcript.steps, event) };
    case "cost": {
      const { calls, inputTokens, outputTokens, chargedCredits } = event;
      return { ...moved, cost: { calls, inputTokens, outputTokens, chargedCredits } };
    }
    case "interrupt":
      return { ...moved, phase: "interrupted", phaseLabel: null };
    case "assistant_final":
      return { ...moved, final: { messageId: event.messageId, content: event.content } };
    case "error":
      return { ...moved, error: { code: event.code, message: event.message } };
    case "done":
      return {
        ...moved,
        phase: "ended",
        phaseLabel: null,
        done: event.status,
        finishReason: event.finishReason ?? null,
      };
  }
}

/** A run that is over, once another attempt was asked for and until the log tells of it. */
export function beforeNextAttempt(transcript: Transcript): Transcript {
  return {
    ...transcript,
    phase: "waiting",
    error: null,
    done: null,
    finishReason: null,
    final: null,
  };
}

/**
 * Splits a run into its reply and the work behind it. The reply is the final answer; before there is one, it is the
 * newest text of the node that answers, or of any node when that one is not known.
 */
export function splitReply(
  transcript: Transcript,
  answerNodeKey: string | null,
): { reply: string; steps: readonly Step[] } {
  const { final, steps } = transcript;
  if (final !== null) {
    return { reply: final.content, steps: steps.filter((step) => !isText(step, final.messageId)) };
  }
  const current = steps.findLast(
    (step): step is TextStep =>
      step.kind === "text" && (answerNodeKey === null || step.nodeKey === answerNodeKey),
  );
  if (current === undefined) return { reply: "", steps };
  return { reply: current.text, steps: steps.filter((step) => step !== current) };
}

/** What a reply that looks complete lacks; empty where nothing does, or the log that would tell is gone. */
export function shortfall({ lastSeq, done, finishReason }: Transcript, reply: string): string {
  if (lastSeq === 0 || done !== "success") return "";
  if (finishReason === "length") return "Cut off at the model's limit";
  return reply.trim() === "" ? "The model gave an empty answer" : "";
}

function isText(step: Step, messageId: string): boolean {
  return step.kind === "text" && step.messageId === messageId;
}

function withText(
  steps: readonly Step[],
  { messageId, nodeKey, delta }: { messageId: string; nodeKey: string; delta: string },
): readonly Step[] {
  const index = steps.findLastIndex((step) => isText(step, messageId));
  const known = steps[index];
  if (known?.kind !== "text") return [...steps, { kind: "text", messageId, nodeKey, text: delta }];
  return steps.with(index, { ...known, text: known.text + delta });
}

function withToolStart(
  steps: readonly Step[],
  { toolCallId, toolName, args }: Extract<RunEvent, { type: "tool_call_start" }>,
): readonly Step[] {
  const step: ToolStep = {
    kind: "tool",
    toolCallId,
    toolName,
    args,
    state: "running",
    result: null,
  };
  const index = steps.findIndex((known) => isTool(known, toolCallId));
  return index === -1 ? [...steps, step] : steps.with(index, step);
}

function withToolResult(
  steps: readonly Step[],
  { toolCallId, result, isError }: Extract<RunEvent, { type: "tool_call_result" }>,
): readonly Step[] {
  const index = steps.findIndex((step) => isTool(step, toolCallId));
  const known = steps[index];
  if (known?.kind !== "tool") return steps;
  return steps.with(index, { ...known, state: isError === true ? "failed" : "ok", result });
}

function isTool(step: Step, toolCallId: string): boolean {
  return step.kind === "tool" && step.toolCallId === toolCallId;
}
