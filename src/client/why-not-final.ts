import { isZeroUsd } from "../base/money.ts";
import type { CallState } from "../ports/run.ts";
import { type ChargedCall, insteadWords, isWaived } from "./charged-call.ts";
import { formatPrice } from "./format.ts";
import { logCorrection } from "./receipt-changes.ts";
import { chargedWords, tokenWords, usedNothing } from "./receipt-words.ts";
import type { Correction, Receipt } from "./wire.ts";

/** Why a call cost what it cost that ended without telling its usage, before and after the gateway's log did. */
export function whyEstimated(charged: ChargedCall, receipt: Receipt): string {
  const cause = estimatedCause(charged.call?.state);
  const log = logCorrection(receipt);
  if (log !== null) {
    return `${cause}, so it was estimated until the gateway's log showed ${loggedWords(receipt, log)}`;
  }
  const estimate = `${cause}, so it was estimated from the text sent and received, ${tokenWords(receipt)}`;
  if (isZeroUsd(receipt.costUsd)) return `${estimate}, which this free model gives for nothing`;
  const limit = charged.billing === "reconciling" ? " until the gateway's log is read" : "";
  const cost = formatPrice(receipt.costUsd);
  return `${estimate}, which cost ${cost} by the model's price list, ${chargedWords(receipt)}${limit}`;
}

function estimatedCause(state: CallState | undefined): string {
  if (state === "cancelled") return "This call was stopped before its usage was told";
  if (state === "failed") return "This call's answer broke off before its usage was told";
  return "The gateway told no usage with this call's answer";
}

/** Why a call costs what it costs whose end nobody here saw, before and after the gateway's log told of it. */
export function whyUnknown(charged: ChargedCall, receipt: Receipt): string {
  const cause = unknownCause(charged.call?.state);
  const log = logCorrection(receipt);
  if (log === null && charged.paidBy !== null) {
    return `${cause} and ${insteadWords(charged)}`;
  }
  if (log === null) {
    return charged.billing === "reconciling"
      ? `${cause}, so nothing is charged until the gateway's log tells what it used`
      : `${cause}, so nobody knows what it used and nothing is charged`;
  }
  if (usedNothing(log)) {
    return `${cause}, but the gateway's log proves that it used nothing, so nothing is charged`;
  }
  if (!isZeroUsd(log.costUsd) && isWaived(receipt)) {
    const cost = formatPrice(log.costUsd);
    return `${cause} and ${insteadWords(charged)}, although the gateway's log shows that it cost ${cost}`;
  }
  return `${cause}, so nothing was charged until the gateway's log showed ${loggedWords(receipt, log)}`;
}

function unknownCause(state: CallState | undefined): string {
  if (state === "interrupted") {
    return "The host that ran this call died before its answer was recorded";
  }
  if (state === "cancelled") return "This call was stopped before an answer came";
  return "No answer to this call was recorded";
}

function loggedWords(receipt: Receipt, log: Correction): string {
  if (usedNothing(log)) return "that it used nothing, so nothing is charged";
  return isZeroUsd(log.costUsd)
    ? `${tokenWords(log)}, which this free model gives for nothing`
    : `${tokenWords(log)} and a cost of ${formatPrice(log.costUsd)}, ${chargedWords(receipt)}`;
}
