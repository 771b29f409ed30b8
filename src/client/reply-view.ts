import { amount } from "./amount.ts";
import { button, el, setText } from "./dom.ts";
import { countOf, graphName, retriedWords } from "./format.ts";
import type { SendAnswer } from "./question-card.ts";
import { createQuestionsView } from "./questions-view.ts";
import type { ReplyProblemActions } from "./reply-problem.ts";
import { createReplyProblem } from "./reply-problem.ts";
import { renderMarkdown } from "./sanitize.ts";
import { announce } from "./shell.ts";
import { toolTitle } from "./step-preview.ts";
import { createStepsView } from "./steps-view.ts";
import type { RunCost, Step, Transcript } from "./transcript.ts";
import { shortfall, splitReply } from "./transcript.ts";

const copyOutcomeMs = 2_500;

export interface ReplyView {
  element: HTMLElement;
  /** Which run this is; before the server has named it, null. */
  nameRun(run: { runId: string; graphId: string; answerNodeKey: string | null }): void;
  show(transcript: Transcript): void;
  /** Replaces the status words; null goes back to those of the run. */
  showLink(message: string | null): void;
  /** Ends the view with a message that is not the run's own. */
  showProblem(problem: { code: string; message: string }): void;
}

export interface ReplyActions extends ReplyProblemActions {
  answer: SendAnswer;
}

/** One reply: steps, text, what it asks, what went wrong, and a foot with status and cost that keeps its height. */
export function createReplyView(actions: ReplyActions): ReplyView {
  const name = el("p", { class: "reply-name" });
  const steps = createStepsView();
  const text = el("div", { class: "markdown reply-text", dir: "auto" });
  const questions = createQuestionsView(actions.answer);
  const problem = createReplyProblem(actions);
  const lack = el("p", { class: "reply-lack", hidden: true });
  const status = el("span", { class: "reply-status" });
  const retried = el("span", { class: "reply-retried" });
  const cost = el("span", { class: "reply-cost" });
  const details = el("a", { hidden: true }, "Details");
  const copy = button("Copy", () => void copyReply(), "link-button");
  copy.hidden = true;
  const foot = el("footer", { class: "reply-foot" }, status, retried, cost, details, copy);
  const element = el(
    "article",
    { class: "reply", "aria-label": "Reply", tabindex: -1 },
    ...[name, steps.element, questions.past, text, lack, questions.open, problem.element, foot],
  );
  let answeringNode: string | null = null;
  let shownReply = "";
  let shownSteps: readonly Step[] | null = null;
  let linkMessage: string | null = null;
  let latest: Transcript | null = null;

  async function copyReply() {
    const isCopied = await writeToClipboard(shownReply);
    const outcome = isCopied ? "Copied" : "Not copied: the browser refused";
    setText(copy, outcome);
    announce(outcome);
    setTimeout(() => setText(copy, "Copy"), copyOutcomeMs);
  }

  function show(transcript: Transcript) {
    latest = transcript;
    const split = splitReply(transcript, answeringNode);
    if (split.reply !== shownReply) {
      shownReply = split.reply;
      text.replaceChildren(renderMarkdown(shownReply));
    }
    const isOver = transcript.phase === "ended";
    if (shownSteps === null || isOver || !sameSteps(split.steps, shownSteps)) {
      steps.show(split.steps, isOver);
    }
    shownSteps = split.steps;
    element.setAttribute("aria-busy", String(!isOver && transcript.phase !== "interrupted"));
    element.dataset["phase"] = transcript.phase;
    questions.show(transcript.questions);
    setText(lack, shortfall(transcript, shownReply));
    lack.hidden = lack.textContent === "";
    setText(retried, retriedWords(transcript.attempt));
    copy.hidden = !isOver || shownReply === "";
    if (transcript.cost !== null) cost.replaceChildren(...costNodes(transcript.cost));
    if (transcript.error !== null && isOver) problem.show(transcript.error, canRetry(transcript));
    else hideProblem();
    showStatus();
  }

  function showStatus() {
    setText(status, linkMessage ?? (latest === null ? "Starting…" : statusWords(latest)));
  }

  function showProblem(reason: { code: string; message: string }) {
    element.setAttribute("aria-busy", "false");
    element.dataset["phase"] = "ended";
    problem.show(reason, latest !== null && canRetry(latest));
    if (latest === null) setText(status, "");
  }

  /** A hidden button loses the focus to the page; the keyboard stays with the reply that goes on. */
  function hideProblem() {
    const hadFocus = problem.element.contains(document.activeElement);
    problem.hide();
    if (hadFocus) element.focus({ preventScroll: true });
  }

  return {
    element,
    nameRun({ runId, graphId, answerNodeKey }) {
      answeringNode = answerNodeKey;
      setText(name, graphName(graphId));
      details.href = `/runs/${runId}`;
      details.hidden = details.pathname === location.pathname;
      element.dataset["runId"] = runId;
    },
    show,
    showLink(message) {
      linkMessage = message;
      showStatus();
    },
    showProblem,
  };
}

/** A browser has no clipboard for a page that came over plain HTTP, and may refuse it to others. */
async function writeToClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function canRetry({ done }: Transcript): boolean {
  return done === "error" || done === "cancelled";
}

function sameSteps(a: readonly Step[], b: readonly Step[]): boolean {
  return a.length === b.length && a.every((step, index) => step === b[index]);
}

function statusWords({ phase, phaseLabel, done }: Transcript): string {
  switch (phase) {
    case "waiting":
      return "Starting…";
    case "thinking":
      return "Thinking…";
    case "tool_use":
      return phaseLabel === null ? "Using a tool…" : `Using ${toolTitle(phaseLabel)}…`;
    case "recovering":
      return "Recovering after an interruption…";
    case "interrupted":
      return "Waiting for your answer";
    case "ended":
      return done === "cancelled" ? "Stopped" : done === "error" ? "Failed" : "";
  }
}

function costNodes({ chargedCredits, calls, inputTokens, outputTokens }: RunCost): Node[] {
  const tokens = countOf(inputTokens + outputTokens, "token");
  return [
    amount(chargedCredits),
    el("span", { class: "number reply-usage" }, `${countOf(calls, "call")}, ${tokens}`),
  ];
}
