import { countOf, formatMoney } from "./format.ts";
import type { Receipt, Run } from "./wire.ts";

/** Plain sentences that lead from the calls to the charge. */
export function whyCharged(run: Run, receipts: readonly Receipt[]): string[] {
  const { books } = run;
  if (isUnderWay(run)) {
    return ["The run is under way. Its charges are added up here once it has ended."];
  }
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
    sentences.push(`${unknownWords(run)}: ${countOf(unknown, "receipt")}.`);
  }
  if (books.voided > 0) sentences.push(`Never reached a model: ${countOf(books.voided, "call")}.`);
  return sentences;
}

/** While it goes on its figures grow at different times, so that no sum of them holds. */
export function isUnderWay({ finishedAt, status }: Run): boolean {
  return finishedAt === null && (status === "pending" || status === "running");
}

/** Only a gateway that keeps a log can tell later. */
function unknownWords({ billing }: Run): string {
  const cause = "Charged nothing, because no complete answer was recorded";
  return billing === "reconciling"
    ? `${cause} and the gateway's log has not told yet what was used`
    : `${cause} and nobody knows what was used`;
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

/** A longer sum is told without its parts. */
const partsShownMax = 6;

/** The charges of the receipts, and that they are what the run was charged. */
export function sumEquation(
  { chargedCredits, billing }: Run,
  receipts: readonly Receipt[],
): string {
  const charges = receipts.map(({ effective }) => effective.chargedCredits);
  const sum = charges.reduce((total, credits) => total + credits, 0);
  const parts =
    charges.length > 1 && charges.length <= partsShownMax
      ? charges.map(formatMoney).join(" + ")
      : countOf(charges.length, "receipt");
  const equation = `${parts} = ${formatMoney(sum)}`;
  if (sum === chargedCredits) return `${equation}, which is what the run was charged`;
  const said = `${equation}, while the run says ${formatMoney(chargedCredits)}`;
  return billing === "open"
    ? `${said}: the other receipts are on their way to the ledger`
    : `${said}: reload the page, and tell the operator if they still differ`;
}

/** Whether the figures can still change. */
export function billingWords({ billing, status, finishedAt }: Run): string {
  if (billing === "settled") return "Every receipt is in the ledger.";
  if (billing === "reconciling") {
    return "Figures may still be corrected: the gateway's log has not told of every call yet.";
  }
  if (status === "interrupted") return "The run waits for an answer, and more calls may follow.";
  return finishedAt === null
    ? "The run is under way, and more calls may follow."
    : "The last receipts are on their way to the ledger.";
}
