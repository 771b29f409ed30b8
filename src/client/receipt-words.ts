import { BASIS_POINTS_OF_ONE, isZeroUsd, markupOf } from "../base/money.ts";
import type { Provenance } from "../ports/usage-fact.ts";
import { countOf, formatCount, formatCredits, formatMoney, formatPrice } from "./format.ts";
import type { ReceiptChange } from "./receipt-changes.ts";
import type { Receipt } from "./wire.ts";

const sources: Readonly<Record<Provenance, string>> = {
  header: "the gateway, in a header",
  usage: "the gateway, with the usage",
  price_table: "token counts, at list price",
  gateway_log: "the gateway's log",
  estimate: "an estimate, at list price",
  reported: "the engine's own report",
};

/** Where a receipt's figure comes from by now. */
export function sourceWords({ effective }: Receipt): string {
  return effective.settlement === "unknown" ? "not known" : sources[effective.provenance];
}

/** `25%`; of what the provider asks. */
export function markupWords(receipt: Receipt): string {
  const percent = markupPercent(receipt);
  if (percent === null) return "–";
  if (percent === 0) return "none";
  return percent > 0 ? `${percent}%` : `−${-percent}%`;
}

/** How the charge follows from the cost. */
export function chargedWords(receipt: Receipt): string {
  const percent = markupPercent(receipt);
  if (percent === null) return "charged at the price of its day";
  if (percent === 0) return "charged without a markup";
  if (percent === -100) return "of which nothing is charged here";
  return percent > 0
    ? `charged with a markup of ${percent}%`
    : `charged at a discount of ${-percent}%`;
}

function markupPercent({ priceVersion }: Receipt): number | null {
  const basisPoints = markupOf(priceVersion);
  return basisPoints === null ? null : (basisPoints - BASIS_POINTS_OF_ONE) / 100;
}

/** `12 tokens in and 5 out`. */
export function tokenWords(tokens: { inputTokens: number; outputTokens: number }): string {
  return `${countOf(tokens.inputTokens, "token")} in and ${formatCount(tokens.outputTokens)} out`;
}

export function usedNothing(figure: {
  inputTokens: number;
  outputTokens: number;
  costUsd: string;
}): boolean {
  return figure.inputTokens + figure.outputTokens === 0 && isZeroUsd(figure.costUsd);
}

/** One line about a correction: `Corrected from the gateway's log: $0.0012 → $0.001, 120 credits ($0.000012) given back`. */
export function changeWords(change: ReceiptChange): string {
  const { correction, by } = change;
  if (by === "log") return `${logWords(change)}, ${deltaWords(correction.chargedDelta)}`;
  const deed = correction.reason === "refund" ? "Refunded" : "Corrected";
  const { chargedDelta, reference } = correction;
  return `${deed} by the operator (${reference}): ${deltaWords(chargedDelta)}`;
}

function logWords({ correction, before }: ReceiptChange): string {
  const cost = formatPrice(correction.costUsd);
  if (before.settlement !== "unknown") {
    return `Corrected from the gateway's log: ${formatPrice(before.costUsd)} → ${cost}`;
  }
  if (usedNothing(correction)) return "The gateway's log shows that nothing was used";
  return `Filled in from the gateway's log: not known → ${cost}`;
}

function deltaWords(credits: number): string {
  if (credits === 0) return "charge unchanged";
  const size = Math.abs(credits);
  return `${formatCredits(size)} (${formatMoney(size)}) ${credits < 0 ? "given back" : "charged"}`;
}
