import { callOf, dispatchOf, isAnswered, isOf } from "./dispatch-names.ts";
import type { Evidence } from "./oracle.ts";

export interface ReceiptCounts {
  /** Calls that reached the gateway, whatever came of them. */
  dispatches: number;
  receipts: number;
  /** Answered by the gateway, and without a receipt. */
  lost: number;
  /** Receipts beyond the first of one dispatch, or of one logical call that was charged before. */
  double: number;
  unknown: number;
  /** Dispatches of a logical call after it had been settled. */
  resent: number;
}

type Say = (what: string) => void;

/** Every 2xx answer of the gateway has exactly one receipt, and no settled call was sent again. */
export function checkReceipts(
  { run, receipts, calls, gateway }: Evidence,
  counts: ReceiptCounts,
  say: Say,
): void {
  counts.dispatches += gateway.length;
  counts.receipts += receipts.length;
  counts.unknown += receipts.filter(({ settlement }) => settlement === "unknown").length;

  for (const entry of gateway) {
    const own = receipts.filter((receipt) => isOf(receipt, entry));
    if (isAnswered(entry) && own.length === 0) {
      counts.lost += 1;
      say(`dispatch ${dispatchOf(entry)} was answered by the gateway and has no receipt`);
    }
    if (own.length > 1) {
      counts.double += own.length - 1;
      say(`dispatch ${dispatchOf(entry)} has ${own.length} receipts`);
    }
  }
  for (const { usageUnitId, settlement } of receipts) {
    const isKnown = gateway.some((entry) => isOf({ usageUnitId }, entry));
    // Voided by the log an hour later, or never looked for.
    if (!isKnown && settlement !== "unknown")
      say(`receipt ${usageUnitId} (${settlement}) is of a call that the gateway never saw`);
  }

  for (const receipt of receipts.filter(({ settlement }) => settlement === "final")) {
    const settled = gateway.find((entry) => isOf(receipt, entry));
    if (settled === undefined) continue;
    const again = gateway.filter(
      (entry) => callOf(entry) === callOf(settled) && entry.n > settled.n,
    );
    if (again.length === 0) continue;
    counts.resent += again.length;
    say(`call ${callOf(settled)} was settled and then sent ${again.length} times more`);
  }
  for (const call of calls) {
    const charged = receipts.filter(
      ({ usageUnitId, settlement }) => settlement === "final" && usageUnitId.includes(call.callId),
    );
    if (charged.length > 1) {
      counts.double += 1;
      say(`call ${call.callId} was charged ${charged.length} times`);
    }
    if (call.receiptId !== null && !receipts.some(({ receiptId }) => receiptId === call.receiptId))
      say(`call ${call.callId} names receipt ${call.receiptId}, which is not in the ledger`);
  }
  if (calls.length < gateway.length)
    say(`its journal has ${calls.length} dispatches, the gateway saw ${gateway.length}`);
  if (calls.length !== run.books.dispatches)
    say(`its journal has ${calls.length} dispatches, its books ${run.books.dispatches}`);
  const charged = receipts.reduce((sum, { effective }) => sum + effective.chargedCredits, 0);
  if (charged !== run.chargedCredits)
    say(`its receipts charge ${charged} credits, the run says ${run.chargedCredits}`);
}
