import type { SpendRow } from "../ports/spend-log.ts";
import type { Settlement } from "../ports/usage-fact.ts";
import type { RunReceipt } from "./run-receipts.ts";

/** One dispatch of a run as its call journal has it, in order of dispatch. */
export interface RunDispatch {
  dispatchId: string;
  /** Of the logical call; the same for all its dispatches. */
  callId: string;
  attempt: number;
  /** null where it has no receipt. */
  usageUnitId: string | null;
  settlement: Settlement | null;
}

export interface MatchedReceipt {
  receipt: RunReceipt;
  dispatch: RunDispatch | null;
  /** Those that say something was used or asked for it; more than one cannot be told apart. */
  rows: SpendRow[];
  /** Rows of failed calls that used nothing. */
  hasEmptyFailure: boolean;
}

export interface SpendMatch {
  receipts: MatchedReceipt[];
  /** Calls of the log that have no receipt. */
  strangers: { row: SpendRow; dispatch: RunDispatch | null }[];
}

/** What recovery names a dispatch by whose headers nobody saw. */
export const dispatchPrefix = "dispatch:";

/**
 * Puts the log's rows to the run's receipts, by ids alone: our dispatch id where the row has it, else the gateway's call
 * id, else the provider's. A row that names a dispatch is never put to another one's receipt, whatever else agrees.
 */
export function matchSpend(
  receipts: readonly RunReceipt[],
  dispatches: readonly RunDispatch[],
  rows: readonly SpendRow[],
): SpendMatch {
  const byUnit = new Map(dispatches.map((dispatch) => [dispatch.usageUnitId, dispatch]));
  const byDispatch = new Map(dispatches.map((dispatch) => [dispatch.dispatchId, dispatch]));
  const matched = receipts.map((receipt): MatchedReceipt => {
    const dispatch = byUnit.get(receipt.usageUnitId) ?? null;
    return { receipt, dispatch, rows: [], hasEmptyFailure: false };
  });
  const strangers: SpendMatch["strangers"] = [];
  for (const row of rows) {
    const own = matched.find((candidate) => isOf(row, candidate));
    const isEmptyFailure = row.isFailure && !hasUsage(row);
    if (own === undefined) {
      const dispatch = byDispatch.get(row.dispatchId ?? row.callId ?? row.requestId) ?? null;
      if (!isEmptyFailure) strangers.push({ row, dispatch });
    } else if (isEmptyFailure) own.hasEmptyFailure = true;
    else own.rows.push(row);
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

/**
 * Whether a dispatch is charged elsewhere: its call was sent again after a death, and the customer asked once. The
 * dispatch that was answered pays; where none was, the last one. A retry is another asking.
 */
export function isRepeated(
  dispatch: RunDispatch | null,
  dispatches: readonly RunDispatch[],
): boolean {
  if (dispatch === null) return false;
  const at = dispatches.indexOf(dispatch);
  return dispatches.some(
    ({ callId, attempt, settlement }, index) =>
      callId === dispatch.callId &&
      attempt === dispatch.attempt &&
      index !== at &&
      (settlement === "final" ||
        settlement === "estimated" ||
        (settlement === "unknown" && index > at)),
  );
}
