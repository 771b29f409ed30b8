import { countOf, formatMoney } from "./format.ts";
import type { Receipt, Run } from "./wire.ts";

/** Plain sentences that lead from the calls to the charge. */
export function whyCharged(run: Run, receipts: readonly Receipt[]): string[] {
  const { books } = run;
  const effective = receipts.map(({ effective: now }) => now);
  const charged = effective.reduce((total, { chargedCredits }) => total + chargedCredits, 0);
  const unknown = effective.filter(({ settlement }) => settlement === "unknown").length;
  const estimated = effective.filter(({ settlement }) => settlement === "estimated").length;
  const sentences = [mainSentence(books.dispatches, receipts.length, formatMoney(charged))];
  if (estimated > 0) {
    sentences.push(
      `Estimated, because the call was stopped or told no usage: ${countOf(estimated, "receipt")}.`,
    );
  }
  if (unknown > 0) {
    sentences.push(
      `Not known yet, because no complete answer was recorded, and charged ${formatMoney(0)} until then: ${countOf(unknown, "receipt")}.`,
    );
  }
  if (books.voided > 0) sentences.push(`Never reached a model: ${countOf(books.voided, "call")}.`);
  return sentences;
}

function mainSentence(calls: number, receipts: number, charged: string): string {
  if (calls === 0) return "This run made no model call, so nothing was charged.";
  const paid =
    receipts !== calls ? countOf(receipts, "receipt") : `one receipt${calls === 1 ? "" : " each"}`;
  return `${countOf(calls, "model call")}, ${paid}, ${charged} in all.`;
}

/** The equation that proves that no call is missing. */
export function booksEquation({ books }: Run): string {
  const { dispatches, settled, unknown, voided, open } = books;
  return `${dispatches} dispatched = ${settled} settled + ${unknown} unknown + ${voided} voided + ${open} open`;
}
