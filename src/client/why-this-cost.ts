import type { RunCall } from "../ports/run.ts";
import type { ChargedCall } from "./charged-call.ts";
import { formatMoney } from "./format.ts";
import { givenBack } from "./receipt-changes.ts";
import { whyFinal } from "./why-final.ts";
import { whyEstimated, whyUnknown } from "./why-not-final.ts";
import type { Receipt, Run } from "./wire.ts";

/** One sentence that says why a call cost what it cost. */
export function whyThisCost(charged: ChargedCall): string {
  const { call, receipt, billing } = charged;
  if (receipt === null) return `${whyNoReceipt(call, billing)}.`;
  return `${whyReceipt(charged, receipt)}${refundWords(receipt)}.`;
}

function whyReceipt(charged: ChargedCall, receipt: Receipt): string {
  switch (receipt.settlement) {
    case "final":
      return whyFinal(charged, receipt);
    case "estimated":
      return whyEstimated(charged, receipt);
    case "unknown":
      return whyUnknown(charged, receipt);
  }
}

function whyNoReceipt(call: RunCall | null, billing: Run["billing"]): string {
  const isVoid = call?.receiptId === null;
  if (call?.state === "intent") return "This call is being sent, so it has no receipt yet";
  if (call?.state === "dispatched") return "A model is answering, so there is no receipt yet";
  if (isVoid && call.state === "cancelled") {
    return "This call was stopped before it reached a model, so nothing was used and nothing is charged";
  }
  if (isVoid && call.state === "failed") {
    return "This call failed before a model could answer, so nothing was used and nothing is charged";
  }
  return billing === "open"
    ? "This call was made, and its receipt is on its way to the ledger"
    : "The ledger has no receipt of this call, so nothing is charged for it";
}

function refundWords(receipt: Receipt): string {
  const credits = givenBack(receipt);
  if (credits === 0) return "";
  if (credits < 0) return `; the operator has charged ${formatMoney(-credits)} more`;
  const isAll = receipt.effective.chargedCredits === 0;
  return `; the operator has given ${isAll ? "all of it" : formatMoney(credits)} back`;
}
