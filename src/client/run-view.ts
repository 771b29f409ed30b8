import type { RunCall } from "../ports/run.ts";
import { amount, badge, time } from "./amount.ts";
import { dataTable } from "./data-table.ts";
import { el } from "./dom.ts";
import { formatCount, formatDuration, graphName, retriedWords } from "./format.ts";
import { callColumnsFor, receiptColumnsFor } from "./run-tables.ts";
import { booksEquation, whyCharged } from "./why-charged.ts";
import type { Receipt, Run } from "./wire.ts";

/** What a run was charged for: its receipts and its calls. */
export function runBooks(run: Run, receipts: readonly Receipt[], calls: readonly RunCall[] | null) {
  return [
    el(
      "section",
      { class: "card", "aria-labelledby": "receipts-title" },
      el("h2", { id: "receipts-title" }, "Why was I charged?"),
      el("p", { class: "why" }, whyCharged(run, receipts).join(" ")),
      receipts.length === 0
        ? el("p", { class: "empty" }, "No receipt yet.")
        : scroll(dataTable("Receipts of this run", receiptColumnsFor(receipts), receipts).element),
    ),
    el(
      "section",
      { class: "card", "aria-labelledby": "calls-title" },
      el("h2", { id: "calls-title" }, "Model calls"),
      callsTable(calls),
      el(
        "p",
        { class: "quiet number" },
        badge(run.books.closed ? "closed" : "open"),
        ` ${booksEquation(run)}`,
      ),
    ),
  ];
}

function callsTable(calls: readonly RunCall[] | null): HTMLElement {
  if (calls === null)
    return el("p", { class: "empty" }, "The journal of this run is no longer kept.");
  if (calls.length === 0) return el("p", { class: "empty" }, "No model call yet.");
  return scroll(dataTable("Model calls in order", callColumnsFor(calls), calls).element);
}

function scroll(table: HTMLElement): HTMLElement {
  return el("div", { class: "table-scroll" }, table);
}

export function runSummary(run: Run): HTMLElement {
  const { usage } = run;
  const fact = (label: string, value: Node | string) =>
    el("div", {}, el("dt", {}, label), el("dd", { class: "number" }, value));
  return el(
    "section",
    { class: "card", "aria-label": "Summary" },
    el(
      "dl",
      { class: "facts" },
      fact("Charged", amount(run.chargedCredits)),
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
      run.errorCode === null ? null : fact("Ended with", run.errorCode),
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

/** Counted from 0, as in the receipts. */
function attempt(run: Run): string {
  return `${formatCount(run.attempt)} (${retriedWords(run.attempt).toLowerCase()})`;
}
