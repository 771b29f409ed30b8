import { canonicalJson } from "../../base/hash.ts";
import type { InterruptAnswer } from "../../ports/graph-runner.ts";
import type { JsonValue } from "../../ports/json.ts";
import type { GoOnRefusal } from "../../ports/run.ts";
import type { Answers } from "./answers.ts";
import { keepsCheckpoints, type RunRow } from "../run-state.ts";

/** What a request to go on comes to, by the run's row alone. */
export type GoOnDecision =
  /** `attempt` is the one to go on under. */
  | { kind: "reopen"; attempt: number; answer: InterruptAnswer | null }
  | { kind: "repeated" }
  | { kind: "refused"; code: GoOnRefusal; message: string };

/** The id may be left out where only one question is open. */
export function decideResume(
  row: RunRow,
  answers: Pick<Answers, "find">,
  wish: { interruptId: string | null; value: JsonValue },
): GoOnDecision {
  const isWaiting = row.status === "interrupted" && row.phase !== "reopening";
  // An answer must not undo a stop that was accepted before it.
  if (isWaiting && row.isCancelRequested)
    return refuse(
      "conflict",
      "This run is being stopped. Wait for its end, then retry it or start a new one.",
    );
  const open = isWaiting ? row.interrupts : [];
  if (wish.interruptId === null && open.length > 1) {
    return refuse(
      "invalid_request",
      "Several questions are open: say by interruptId which one this answers.",
    );
  }
  const interruptId = wish.interruptId ?? open[0]?.interruptId ?? null;
  // A question that is open is answered anew, whatever was said to it before: the run asks again.
  if (interruptId !== null && open.some((question) => question.interruptId === interruptId)) {
    return { kind: "reopen", attempt: row.attempt, answer: { interruptId, value: wish.value } };
  }
  const known = interruptId === null ? null : answers.find(interruptId);
  if (known === null)
    return refuse(
      "conflict",
      "This run is not waiting for this answer. Its `interrupts` say for which.",
    );
  return canonicalJson(known.value) === canonicalJson(wish.value)
    ? { kind: "repeated" }
    : refuse(
        "conflict",
        "This question was answered otherwise. Read the run to see how it went on.",
      );
}

export function decideRetry(row: RunRow): GoOnDecision {
  if (row.purgedAtSeq !== null || !keepsCheckpoints(row)) {
    return refuse("gone", "What this run would go on from is no longer kept. Start a new run.");
  }
  if (row.status !== "error" && row.status !== "cancelled") {
    return refuse(
      "conflict",
      "Only a run that ended with an error or was stopped can be tried again.",
    );
  }
  return { kind: "reopen", attempt: row.attempt + 1, answer: null };
}

function refuse(code: GoOnRefusal, message: string): GoOnDecision {
  return { kind: "refused", code, message };
}
