import { amount, badge, time } from "./amount.ts";
import { el } from "./dom.ts";
import { errorWords } from "./error-words.ts";
import { fact } from "./fact.ts";
import { formatAttempt, formatCount, formatDuration, graphName, retriedWords } from "./format.ts";
import { isUnderWay } from "./why-charged.ts";
import type { Run } from "./wire.ts";

/** A run in figures. */
export function runSummary(run: Run): HTMLElement {
  const { usage } = run;
  return el(
    "section",
    { class: "card", "aria-label": "Summary" },
    el(
      "dl",
      { class: "facts" },
      fact("Charged", amount(run.chargedCredits), isUnderWay(run) ? " so far" : ""),
      fact("Held", amount(run.heldCredits)),
      fact("Billing", badge(run.billing)),
      fact(
        "Tokens in / out",
        `${formatCount(usage.inputTokens)} / ${formatCount(usage.outputTokens)}`,
      ),
      fact("Graph", el("span", { title: run.graphId }, graphName(run.graphId))),
      fact("Model", run.model),
      fact("Trigger", trigger(run)),
      run.attempt === 0 ? null : fact("Attempt", attempt(run)),
      run.errorCode === null ? null : fact("Ended with", ended(run.errorCode)),
      fact("Started", time(run.startedAt)),
      fact("Took", took(run)),
    ),
  );
}

function trigger({ trigger: cause, scheduleId }: Run): Node | string {
  return scheduleId === null ? cause : el("a", { href: "/schedules" }, cause);
}

function took({ startedAt, finishedAt }: Run): string {
  if (startedAt === null || finishedAt === null) return "–";
  return formatDuration(Date.parse(finishedAt) - Date.parse(startedAt));
}

function ended(errorCode: string): HTMLElement {
  return el("span", { title: errorCode }, errorWords(errorCode));
}

function attempt(run: Run): string {
  return `${formatAttempt(run.attempt)} (${retriedWords(run.attempt).toLowerCase()})`;
}
