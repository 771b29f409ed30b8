import { amount, badge } from "./amount.ts";
import { el } from "./dom.ts";
import { fact } from "./fact.ts";
import { formatCount, formatPrice } from "./format.ts";
import { logCorrection } from "./receipt-changes.ts";
import { markupWords, sourceWords } from "./receipt-words.ts";
import type { Receipt } from "./wire.ts";

/** What a receipt says by now, from its tokens to its charge. */
export function receiptFacts(receipt: Receipt): HTMLElement {
  const { receiptId, usageUnitId, effective } = receipt;
  const parts = partsOf(receipt);
  const known = (text: string) => (effective.settlement === "unknown" ? "not known" : text);
  return el(
    "dl",
    { class: "facts entry-facts" },
    fact("Tokens in", known(`${formatCount(effective.inputTokens)}${parts.input}`)),
    fact("Tokens out", known(`${formatCount(effective.outputTokens)}${parts.output}`)),
    fact("Cost", known(formatPrice(effective.costUsd))),
    fact("Markup", markupWords(receipt)),
    fact("Charge", amount(effective.chargedCredits)),
    fact("Cost from", sourceWords(receipt)),
    el(
      "div",
      { class: "entry-receipt" },
      el("dt", {}, "Receipt"),
      el(
        "dd",
        {},
        badge(effective.settlement),
        " ",
        el(
          "a",
          { class: "mono", href: `#${receiptId}`, title: `Usage unit ${usageUnitId}` },
          receiptId,
        ),
      ),
    ),
  );
}

/** Cached and reasoning tokens are parts of the others. A correction tells none, so they are left out after one. */
function partsOf(receipt: Receipt): { input: string; output: string } {
  if (logCorrection(receipt) !== null) return { input: "", output: "" };
  const { cacheReadTokens, cacheWriteTokens, reasoningTokens } = receipt;
  return {
    input: inBrackets([
      [cacheReadTokens, "from the cache"],
      [cacheWriteTokens, "into the cache"],
    ]),
    output: inBrackets([[reasoningTokens, "reasoning"]]),
  };
}

function inBrackets(parts: readonly [tokens: number, name: string][]): string {
  const told = parts.filter(([tokens]) => tokens > 0);
  if (told.length === 0) return "";
  return ` (${told.map(([tokens, name]) => `${formatCount(tokens)} ${name}`).join(", ")})`;
}
