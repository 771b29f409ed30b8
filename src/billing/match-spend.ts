import { dispatchPrefix } from "../base/usage-unit-id.ts";
import type { SpendRow } from "../ports/spend-log.ts";
import type { RunReceipt } from "./run-receipts.ts";

/** One dispatch of a run as its call journal has it, in order of dispatch. */
export interface RunDispatch {
  dispatchId: string;
  /** Of the logical call; the same for all its dispatches. */
  callId: string;
  attempt: number;
  /** null where it has no receipt. */
  usageUnitId: string | null;
}

export interface MatchedReceipt {
  receipt: RunReceipt;
  dispatch: RunDispatch | null;
  /** Those that say something was used; more than one cannot be told apart. */
  rows: SpendRow[];
  /** Those that say nothing was used: the call failed, or its usage was not known when the row was written. */
  emptyRows: SpendRow[];
}

export interface SpendMatch {
  /** In order of dispatch, those that the journal does not have first. */
  receipts: MatchedReceipt[];
  /** Calls of the log that used something and have no receipt. */
  strangers: { row: SpendRow; dispatch: RunDispatch | null }[];
}

/**
 * Puts the log's rows to the run's receipts, by ids alone: our dispatch id where the row has it, else the gateway's call
 * id, else the provider's. A row that names a dispatch is never put to another one's receipt, whatever else agrees.
 */
export function matchSpend(
  receipts: readonly RunReceipt[],
  dispatches: readonly RunDispatch[],
  rows: readonly SpendRow[],
): SpendMatch {
  const byDispatch = new Map(dispatches.map((dispatch) => [dispatch.dispatchId, dispatch]));
  const placeOf = ({ usageUnitId }: RunReceipt) =>
    dispatches.findIndex((dispatch) => dispatch.usageUnitId === usageUnitId);
  const matched = receipts
    .toSorted((a, b) => placeOf(a) - placeOf(b))
    .map((receipt): MatchedReceipt => {
      const dispatch = dispatches[placeOf(receipt)] ?? null;
      return { receipt, dispatch, rows: [], emptyRows: [] };
    });
  const strangers: SpendMatch["strangers"] = [];
  for (const row of rows) {
    const own = matched.find((candidate) => isOf(row, candidate));
    if (own === undefined) {
      const dispatch = byDispatch.get(row.dispatchId ?? row.callId ?? row.requestId) ?? null;
      if (hasUsage(row)) strangers.push({ row, dispatch });
    } else if (hasUsage(row)) own.rows.push(row);
    else own.emptyRows.push(row);
  }
  return { receipts: matched, strangers };
}

function isOf(row: SpendRow, { receipt, dispatch }: MatchedReceipt): boolean {
  const { usageUnitId, providerCallId } = receipt;
  const ownId = usageUnitId.startsWith(dispatchPrefix)
    ? usageUnitId.slice(dispatchPrefix.length)
    : usageUnitId;
  const ids = [ownId, dispatch?.dispatchId ?? ownId];
  const named = row.dispatchId ?? row.callId;
  if (named !== null) return ids.includes(named);
  return ids.includes(row.requestId) || row.requestId === providerCallId;
}

function hasUsage({ inputTokens, outputTokens, costUsd }: SpendRow): boolean {
  return inputTokens + outputTokens > 0 || (costUsd !== null && /[1-9]/.test(costUsd));
}

/** What was asked once: a call, in one attempt. A retry is another asking. null: the journal does not know it. */
export function askedBy(dispatch: RunDispatch | null): string | null {
  return dispatch === null ? null : `${dispatch.attempt}/${dispatch.callId}`;
}

/** What has a receipt that pays for it: of a call that was answered, or one that the log showed and that was charged. */
export function paidFor({ receipts }: SpendMatch): Set<string> {
  const paying = receipts.filter(
    ({ receipt }) => receipt.postedSettlement !== "unknown" || receipt.pricedCredits > 0,
  );
  return new Set(paying.map(({ dispatch }) => askedBy(dispatch)).filter((asked) => asked !== null));
}
