import type { Settlement } from "../ports/usage-fact.ts";
import type { Correction, Receipt } from "./wire.ts";

/** A correction, with who made it and what it corrected. */
export interface ReceiptChange {
  correction: Correction;
  by: "log" | "operator";
  before: { settlement: Settlement; costUsd: string };
}

/**
 * A receipt's corrections in order. The gateway's log is what makes an open receipt final, once; whatever the operator
 * posts leaves the settlement as it was, and moves the charge alone.
 */
export function changesOf(receipt: Receipt): ReceiptChange[] {
  let before: ReceiptChange["before"] = receipt;
  return receipt.corrections.map((correction) => {
    const isFromLog = before.settlement !== "final" && correction.settlement === "final";
    const change: ReceiptChange = { correction, by: isFromLog ? "log" : "operator", before };
    before = correction;
    return change;
  });
}

/** What the gateway's log said later; null where the receipt stands as it was posted, or is not corrected yet. */
export function logCorrection(receipt: Receipt): Correction | null {
  return changesOf(receipt).find(({ by }) => by === "log")?.correction ?? null;
}

/** Credits that the operator gave back; below 0 where more was taken. */
export function givenBack(receipt: Receipt): number {
  return changesOf(receipt)
    .filter(({ by }) => by === "operator")
    .reduce((sum, { correction }) => sum - correction.chargedDelta, 0);
}
