import { markupOf } from "../base/money.ts";
import type { RunCall } from "../ports/run.ts";
import { logCorrection } from "./receipt-changes.ts";
import type { Receipt, Run } from "./wire.ts";

/** A dispatch and its receipt; one of the two may be missing. */
export interface ChargedCall {
  call: RunCall | null;
  receipt: Receipt | null;
  /** The dispatch of the same call, in the same attempt, that is charged in this one's place, if this one is not. */
  paidBy: RunCall | null;
  billing: Run["billing"];
}

/** A dispatch that has a cost and was not charged, though there is a markup: another one pays for its call. */
export function isWaived(receipt: Receipt): boolean {
  const priced = receipt.chargedCredits + (logCorrection(receipt)?.chargedDelta ?? 0);
  return priced === 0 && markupOf(receipt.priceVersion) !== 0;
}

export function insteadWords({ paidBy }: ChargedCall): string {
  const other = paidBy === null ? "another dispatch of it" : `dispatch ${paidBy.dispatch}`;
  return `you asked once, so ${other} is charged, and nothing for this one`;
}
