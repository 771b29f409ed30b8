import { amount } from "./amount.ts";
import { button, el, setText } from "./dom.ts";
import { countOf, graphName } from "./format.ts";
import { renderMarkdown } from "./sanitize.ts";
import { toolTitle } from "./step-preview.ts";
import { createStepsView } from "./steps-view.ts";
import type { RunCost, Step, Transcript } from "./transcript.ts";
import { splitReply } from "./transcript.ts";

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

/** One reply: steps, text, what went wrong, and a foot with status and cost that keeps its height. */
export function createReplyView(askAgain: () => void): ReplyView {
  const name = el("p", { class: "reply-name" });
  const steps = createStepsView();
  const text = el("div", { class: "markdown reply-text" });
  const problem = el("div", { class: "reply-problem", role: "alert", hidden: true });
  const status = el("span", { class: "reply-status" });
  const cost = el("span", { class: "reply-cost" });
  const details = el("a", { hidden: true }, "Details");
  const copy = button("Copy", () => void copyReply(), "link-button");
  copy.hidden = true;
  const foot = el("footer", { class: "reply-foot" }, status, cost, details, copy);
  const element = el(
    "article",
    { class: "reply", "aria-label": "Reply" },
    ...[name, steps.element, text, problem, foot],
  );
  let answeringNode: string | null = null;
  let shownReply = "";
  let shownSteps: readonly Step[] | null = null;
  let linkMessage: string | null = null;
  let latest: Transcript | null = null;

  async function copyReply() {
    await navigator.clipboard.writeText(shownReply);
    setText(copy, "Copied");
    setTimeout(() => setText(copy, "Copy"), 1_500);
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
    element.setAttribute("aria-busy", String(!isOver));
    element.dataset["phase"] = transcript.phase;
    copy.hidden = !isOver || shownReply === "";
    if (transcript.cost !== null) cost.replaceChildren(...costNodes(transcript.cost));
    if (transcript.error !== null && isOver) showProblem(transcript.error);
    else problem.hidden = true;
    showStatus();
  }

  function showStatus() {
    setText(status, linkMessage ?? (latest === null ? "Starting…" : statusWords(latest)));
  }

  function showProblem({ code, message }: { code: string; message: string }) {
    element.setAttribute("aria-busy", "false");
    element.dataset["phase"] = "ended";
    problem.hidden = false;
    problem.classList.toggle("stopped", code === "aborted");
    problem.replaceChildren(...problemNodes(code, message));
    problem.append(button("Ask again", askAgain));
    if (latest === null) setText(status, "");
  }

  return {
    element,
    nameRun({ runId, graphId, answerNodeKey }) {
      answeringNode = answerNodeKey;
      setText(name, graphName(graphId));
      details.href = `/runs/${runId}`;
      details.hidden = false;
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
      return "Recovering…";
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

/** What happened, and what to do about it. A stop by the person needs no explanation. */
function problemNodes(code: string, message: string): Node[] {
  if (code === "aborted") return [el("p", {}, "You stopped this reply.")];
  const nodes: Node[] = [el("p", {}, message)];
  if (code === "insufficient_credits") {
    nodes.push(el("p", {}, el("a", { href: "/account" }, "See your balance"), " to add credit."));
  }
  return nodes;
}
