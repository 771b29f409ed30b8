import { countOf, formatMoney } from "./format.ts";
import type { Receipt, Run } from "./wire.ts";

/** Plain sentences that lead from the calls to the charge. */
export function whyCharged(run: Run, receipts: readonly Receipt[]): string[] {
  const { books } = run;
  const effective = receipts.map(({ effective: now }) => now);
  const charged = effective.reduce((total, { chargedCredits }) => total + chargedCredits, 0);
  const unknown = effective.filter(({ settlement }) => settlement === "unknown").length;
  const estimated = effective.filter(({ settlement }) => settlement === "estimated").length;
  const sentences = [
    books.dispatches === 0
      ? "This run made no model call, so nothing was charged."
      : `This run made ${countOf(books.dispatches, "model call")}, and each has exactly one receipt below unless it never reached a model.`,
  ];
  if (receipts.length > 0) {
    sentences.push(
      `The charge of ${countOf(receipts.length, "receipt")} is ${formatMoney(charged)} in all.`,
    );
  }
  if (estimated > 0) {
    sentences.push(
      `Estimated, because the call was stopped or told no usage: ${countOf(estimated, "receipt")}.`,
    );
  }
  if (unknown > 0) {
    sentences.push(
      `Charged nothing, because no complete answer was recorded: ${countOf(unknown, "receipt")}.`,
    );
  }
  if (books.voided > 0) sentences.push(`Never reached a model: ${countOf(books.voided, "call")}.`);
  return sentences;
}

/** The equation that proves that no call is missing. */
export function booksEquation({ books }: Run): string {
  const { dispatches, settled, unknown, voided, open } = books;
  return `${dispatches} dispatched = ${settled} settled + ${unknown} unknown + ${voided} voided + ${open} open`;
}
