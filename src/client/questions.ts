import type { RunEvent } from "../ports/ai-event.ts";
import type { JsonValue } from "../ports/json.ts";

/** What a run has asked a person. `dropped`: the run ended before there was an answer. */
export interface Question {
  interruptId: string;
  value: JsonValue;
  state: "open" | "answered" | "dropped";
}

/**
 * The run's questions after one more event, in the order in which they were first asked. The log tells no answer, but a
 * run that works again has got one; of several open questions the others are then asked again, under the same ids.
 */
export function questionsAfter(
  questions: readonly Question[],
  event: RunEvent,
): readonly Question[] {
  switch (event.type) {
    case "interrupt": {
      const { interruptId, value } = event;
      return withQuestion(questions, { interruptId, value, state: "open" });
    }
    case "cost":
      return questions;
    case "error":
    case "done":
      return close(questions, "dropped");
    case "run_started":
    case "status":
    case "text_delta":
    case "text_reset":
    case "tool_call_start":
    case "tool_call_result":
    case "assistant_final":
      return close(questions, "answered");
  }
}

function withQuestion(questions: readonly Question[], asked: Question): readonly Question[] {
  const index = questions.findIndex(({ interruptId }) => interruptId === asked.interruptId);
  return index === -1 ? [...questions, asked] : questions.with(index, asked);
}

function close(questions: readonly Question[], state: "answered" | "dropped"): readonly Question[] {
  if (questions.every((question) => question.state !== "open")) return questions;
  return questions.map((question) =>
    question.state === "open" ? { ...question, state } : question,
  );
}

/** How a question is put to a person: a proposal to approve or decline, or anything else, answered in words or JSON. */
export type QuestionForm =
  | { kind: "approval"; question: string; draft: string | null }
  | { kind: "open"; text: string };

export function questionForm(value: JsonValue): QuestionForm {
  if (typeof value === "string") return { kind: "open", text: value };
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return { kind: "open", text: JSON.stringify(value) };
  }
  const { question, draft } = value;
  if (typeof question !== "string") return { kind: "open", text: JSON.stringify(value, null, 2) };
  return { kind: "approval", question, draft: typeof draft === "string" ? draft : null };
}

export function approvalAnswer(approved: boolean, comment: string): JsonValue {
  const said = comment.trim();
  return said === "" ? { approved } : { approved, comment: said };
}

/** What a person typed: JSON if it is JSON, and the words themselves if not. */
export function openAnswer(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text.trim();
  }
}

/** One line about an answer that was given on this page; undefined: it was given elsewhere. */
export function answerWords(value: JsonValue | undefined): string {
  if (value === undefined) return "Answered";
  const isVerdict = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isVerdict || typeof value["approved"] !== "boolean") {
    return `Answered: ${typeof value === "string" ? value : JSON.stringify(value)}`;
  }
  const verdict = value["approved"] ? "Approved" : "Declined";
  return typeof value["comment"] === "string" ? `${verdict}: ${value["comment"]}` : verdict;
}
