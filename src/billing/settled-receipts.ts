import { isZeroUsd } from "../base/money.ts";
import type { Settlement, TokenCounts } from "../ports/usage-fact.ts";
import type { SpendMatch } from "./match-spend.ts";
import { foundUnitId } from "./reconciled-fact.ts";
import type { RunReceipt } from "./run-receipts.ts";

/** How a receipt stands now, for whoever keeps books of its run. */
export interface SettledReceipt extends Pick<TokenCounts, "inputTokens" | "outputTokens"> {
  usageUnitId: string;
  /** Ours, as the log has it; null where it has none. */
  dispatchId: string | null;
  attempt: number;
  model: string;
  settlement: Settlement;
  chargedCredits: number;
  /** Its dispatch was proved to have used nothing. */
  isVoided: boolean;
}

/**
 * The receipts after a look at the log. That one was voided is not written anywhere: it was unknown, is final with
 * nothing used, and the log has no row of it. So it can be told again at every look.
 */
export function settledReceipts(
  match: SpendMatch,
  receipts: readonly RunReceipt[],
): SettledReceipt[] {
  const logged = new Map([
    ...match.strangers.map(({ row }) => [foundUnitId(row), row.dispatchId] as const),
    // Last, so that a stranger under an id that is taken does not move a receipt to another dispatch.
    ...match.receipts.flatMap(({ receipt, rows }) =>
      rows.map(({ dispatchId }) => [receipt.usageUnitId, dispatchId] as const),
    ),
  ]);
  return receipts.map((receipt) => {
    const { usageUnitId, attempt, model, settlement, postedSettlement } = receipt;
    const { inputTokens, outputTokens, chargedCredits } = receipt;
    const hasUsed = inputTokens + outputTokens > 0 || !isZeroUsd(receipt.costUsd);
    const isVoided =
      postedSettlement === "unknown" &&
      settlement === "final" &&
      !hasUsed &&
      !logged.has(usageUnitId);
    const figures = { inputTokens, outputTokens, chargedCredits };
    const dispatchId = logged.get(usageUnitId) ?? null;
    return { usageUnitId, dispatchId, attempt, model, settlement, isVoided, ...figures };
  });
}
