import { isZeroUsd } from "../base/money.ts";
import { type ChargedCall, insteadWords, isWaived } from "./charged-call.ts";
import { formatPrice } from "./format.ts";
import { chargedWords, tokenWords, usedNothing } from "./receipt-words.ts";
import type { Receipt } from "./wire.ts";

/** Why a call cost what it cost whose usage was known from the start. */
export function whyFinal(charged: ChargedCall, receipt: Receipt): string {
  if (usedNothing(receipt))
    return `${tellerWords(receipt)} that no token was used, so it cost nothing`;
  if (isZeroUsd(receipt.costUsd))
    return `This model is free, so ${tokenWords(receipt)} cost nothing`;
  if (isWaived(receipt)) {
    const cost = formatPrice(receipt.costUsd);
    return `This call was sent more than once and ${insteadWords(charged)}, although it cost ${cost}`;
  }
  return `${costWords(receipt)}, ${chargedWords(receipt)}`;
}

function tellerWords({ provenance }: Receipt): string {
  if (provenance === "gateway_log") return "The gateway's log says of this call";
  if (provenance === "reported") return "The engine that made this call reported";
  return "The gateway told with this call's answer";
}

function costWords(receipt: Receipt): string {
  const cost = formatPrice(receipt.costUsd);
  switch (receipt.provenance) {
    case "header":
      return `The gateway named this call's cost in the header of its answer, ${cost}`;
    case "usage":
      return `The gateway named this call's cost with the usage of its answer, ${cost}`;
    case "price_table":
      return `The gateway counted ${tokenWords(receipt)}, which cost ${cost} by the model's price list`;
    case "gateway_log":
      return `The gateway's log has this call with ${tokenWords(receipt)} and a cost of ${cost}`;
    case "reported":
      return `The engine that made this call reported its cost itself, ${cost}`;
    case "estimate":
      return `This call's cost was estimated as ${cost}`;
  }
}
