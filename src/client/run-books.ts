import type { RunCall } from "../ports/run.ts";
import { badge } from "./amount.ts";
import { el } from "./dom.ts";
import { fact } from "./fact.ts";
import { keyedList } from "./keyed-list.ts";
import { receiptsIn, timelineOf, type TimelineEntry } from "./timeline.ts";
import { timelineEntry } from "./timeline-entry.ts";
import { billingWords, booksEquation, isUnderWay, sumEquation, whyCharged } from "./why-charged.ts";
import type { Receipt, Run } from "./wire.ts";

export interface RunBooks {
  elements: HTMLElement[];
  /** `calls` is null where the journal cannot be read. */
  show(run: Run, receipts: readonly Receipt[], calls: readonly RunCall[] | null): void;
}

/** What a run was charged for: its sum, each of its calls, and what the gateway's log told later. */
export function createRunBooks(): RunBooks {
  const why = el("p", { class: "why" });
  const equations = el("dl", { class: "facts equations" });
  const empty = el("p", { class: "empty" });
  const timeline = entryList("timeline-title");
  const elsewhere = entryList("elsewhere-title");
  const elsewhereTitle = el("h2", { id: "elsewhere-title" });
  const timelineCard = card("timeline-title", [
    el("h2", { id: "timeline-title" }, "Model calls, each with its receipt"),
    timeline.element,
    empty,
  ]);
  const elsewhereCard = card("elsewhere-title", [elsewhereTitle, elsewhere.element]);
  const sum = card("why-title", [
    el("h2", { id: "why-title" }, "Why was I charged?"),
    why,
    equations,
  ]);

  function show(run: Run, receipts: readonly Receipt[], calls: readonly RunCall[] | null) {
    const entries = timelineOf(calls ?? [], receipts, run.billing);
    why.textContent = whyCharged(run, receipts).join(" ");
    equations.replaceChildren(
      fact("Calls", badge(run.books.closed ? "closed" : "open"), ` ${booksEquation(run)}`),
      ...(isUnderWay(run) ? [] : [fact("Charges", sumEquation(run, receiptsIn(entries)))]),
      fact("Billing", badge(run.billing), ` ${billingWords(run)}`),
    );
    timeline.show(entries.dispatched);
    empty.hidden = entries.dispatched.length > 0;
    empty.textContent = emptyWords(run, calls);
    elsewhere.show(entries.elsewhere);
    elsewhereCard.hidden = entries.elsewhere.length === 0;
    elsewhereTitle.textContent = elsewhereWords(entries.elsewhere, calls);
  }
  return { elements: [sum, timelineCard, elsewhereCard], show };
}

function entryList(titleId: string) {
  // Without its role, a list that shows no markers is none for VoiceOver.
  const element = el("ol", { class: "timeline", role: "list", "aria-labelledby": titleId });
  const show = keyedList<TimelineEntry>(element, {
    keyOf: ({ call, receipt }) => call?.ordinal.toString() ?? receipt?.receiptId ?? "",
    render: timelineEntry,
  });
  return { element, show };
}

function card(titleId: string, children: readonly HTMLElement[]): HTMLElement {
  return el("section", { class: "card", "aria-labelledby": titleId }, ...children);
}

function emptyWords({ finishedAt }: Run, calls: readonly RunCall[] | null): string {
  if (calls === null) return "The journal of this run's calls cannot be read right now.";
  return finishedAt === null ? "No model call yet." : "No model call was made.";
}

function elsewhereWords(
  entries: readonly TimelineEntry[],
  calls: readonly RunCall[] | null,
): string {
  if (calls === null) return "Receipts";
  const isFromLog = entries.every(({ receipt }) => receipt?.provenance === "gateway_log");
  return isFromLog ? "Found in the gateway's log" : "Receipts without a call in the journal";
}
