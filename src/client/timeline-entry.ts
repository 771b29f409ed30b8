import type { RunCall } from "../ports/run.ts";
import { amount, badge, time } from "./amount.ts";
import { el } from "./dom.ts";
import { formatAttempt, formatCount, formatDuration } from "./format.ts";
import { changesOf } from "./receipt-changes.ts";
import { receiptFacts } from "./receipt-facts.ts";
import { changeWords } from "./receipt-words.ts";
import type { TimelineEntry } from "./timeline.ts";
import { whyThisCost } from "./why-this-cost.ts";

/** One dispatch: what it was, what it was charged, why, and everything that is known of it. */
export function timelineEntry(entry: TimelineEntry): HTMLElement {
  const { call, receipt } = entry;
  return el(
    "li",
    { class: "entry", id: receipt?.receiptId ?? null },
    el(
      "div",
      { class: "entry-head" },
      title(entry),
      call === null ? null : badge(call.state),
      usageWords(entry),
      receipt === null
        ? el("span", { class: "entry-charge quiet" }, isVoid(call) ? "no charge" : "no charge yet")
        : el("span", { class: "entry-charge" }, amount(receipt.effective.chargedCredits)),
    ),
    call === null ? null : whenAndWhich(call, entry),
    el("p", { class: "entry-why" }, whyThisCost(entry)),
    changes(entry),
    receipt === null ? null : receiptFacts(receipt),
  );
}

/** A call that did not come to its end may be counted as settled all the same. */
function usageWords({ call, receipt }: TimelineEntry): HTMLElement | null {
  if (receipt === null || (call?.state !== "cancelled" && call?.state !== "failed")) return null;
  const words = receipt.settlement === "unknown" ? "usage unknown" : "usage settled";
  return el("span", { class: "quiet" }, words);
}

/** Whether nothing will ever be charged: the call is over and owes no receipt. */
function isVoid(call: RunCall | null): boolean {
  return call !== null && call.endedAt !== null && call.receiptId === null;
}

function title({ call, receipt }: TimelineEntry): HTMLElement {
  if (call === null) return el("h3", {}, receipt?.model ?? "");
  return el(
    "h3",
    {},
    el("span", { class: "entry-number number" }, `${call.ordinal}. `),
    call.nodeKey,
    el("span", { class: "entry-model" }, ` ${call.model}`),
  );
}

/** An attempt is told only of a run that was retried, a dispatch only of a call that was sent more than once. */
function whenAndWhich(call: RunCall, { dispatches, isRetried }: TimelineEntry): HTMLElement {
  const { startedAt, endedAt, attempt, dispatch } = call;
  const words = [
    endedAt === null
      ? "under way"
      : `took ${formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}`,
    ...(isRetried ? [`attempt ${formatAttempt(attempt)}`] : []),
    ...(dispatches === 1
      ? []
      : [`dispatch ${formatCount(dispatch)} of ${formatCount(dispatches)}`]),
  ];
  return el("p", { class: "quiet number" }, "Started ", time(startedAt), `, ${words.join(", ")}`);
}

function changes({ receipt }: TimelineEntry): HTMLElement | null {
  if (receipt === null || receipt.corrections.length === 0) return null;
  return el(
    "ul",
    { class: "entry-changes", "aria-label": "Corrections" },
    ...changesOf(receipt).map((change) =>
      el("li", {}, `${changeWords(change)}, `, time(change.correction.createdAt)),
    ),
  );
}
