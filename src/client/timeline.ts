import type { RunCall } from "../ports/run.ts";
import type { ChargedCall } from "./charged-call.ts";
import type { Receipt, Run } from "./wire.ts";

export interface TimelineEntry extends ChargedCall {
  /** How often this logical call was sent. */
  dispatches: number;
  /** Whether the run had more than one attempt. */
  isRetried: boolean;
}

export interface Timeline {
  /** In order of dispatch. */
  dispatched: TimelineEntry[];
  /** Of calls that the journal does not have. */
  elsewhere: TimelineEntry[];
}

type Dispatch = Pick<ChargedCall, "receipt"> & { call: RunCall };

/**
 * Puts each receipt to its dispatch: by its id, or by the usage unit where the gateway's log told of it later. What the
 * journal learned of from that log alone is of no node, and no dispatch of this run's.
 */
export function timelineOf(
  calls: readonly RunCall[],
  receipts: readonly Receipt[],
  billing: Run["billing"],
): Timeline {
  const byId = new Map(receipts.map((receipt) => [receipt.receiptId, receipt]));
  const byUnit = new Map(receipts.map((receipt) => [unitOf(receipt), receipt]));
  const dispatches = calls
    .filter(({ nodeKey }) => nodeKey !== "")
    .toSorted((a, b) => a.ordinal - b.ordinal)
    .map((call): Dispatch => {
      const receipt = call.receiptId === null ? byUnit.get(unitOf(call)) : byId.get(call.receiptId);
      return { call, receipt: receipt ?? null };
    });
  const isRetried = [...calls, ...receipts].some(({ attempt }) => attempt > 0);
  const placed = new Set(dispatches.map(({ receipt }) => receipt));
  return {
    dispatched: dispatches.map((dispatch) => ({
      ...dispatch,
      paidBy: paidBy(dispatch, dispatches),
      billing,
      dispatches: dispatches.filter(({ call }) => call.callId === dispatch.call.callId).length,
      isRetried,
    })),
    elsewhere: receipts
      .filter((receipt) => !placed.has(receipt))
      .map((receipt) => ({ call: null, receipt, paidBy: null, billing, dispatches: 1, isRetried })),
  };
}

/** In the order in which they are shown. */
export function receiptsIn({ dispatched, elsewhere }: Timeline): Receipt[] {
  return [...dispatched, ...elsewhere].flatMap(({ receipt }) =>
    receipt === null ? [] : [receipt],
  );
}

function unitOf({ attempt, usageUnitId }: Pick<RunCall, "attempt" | "usageUnitId">): string | null {
  return usageUnitId === null ? null : `${attempt}/${usageUnitId}`;
}

/** Of a call's dispatches the one that was answered pays; where none was, the last. A retry asks anew, and pays anew. */
function paidBy(dispatch: Dispatch, all: readonly Dispatch[]): RunCall | null {
  const { callId, attempt, ordinal } = dispatch.call;
  const others = all.filter(
    ({ call }) => call.callId === callId && call.attempt === attempt && call.ordinal !== ordinal,
  );
  const answered = others.find(({ receipt }) => (receipt?.effective.chargedCredits ?? 0) > 0);
  const later = others.findLast(
    ({ call, receipt }) => call.ordinal > ordinal && (receipt !== null || call.endedAt === null),
  );
  return (answered ?? later)?.call ?? null;
}
