import { toIso } from "../../base/clock.ts";
import type { RunUsage } from "../../ports/ai-event.ts";
import type { Books, CallState, RunCall } from "../../ports/run.ts";
import type { RunDispatch } from "../../billing/match-spend.ts";
import type { Settlement, SourceSystem } from "../../ports/usage-fact.ts";
import type { RunStorage } from "../storage.ts";
import { receiptIdOfKey } from "./outbox.ts";

/** Of calls that owe a receipt. */
export interface CallCosts {
  usage: RunUsage;
  chargedCredits: number;
}

export interface CallTotals extends CallCosts {
  /** The proof that every dispatch is accounted for. */
  books: Books;
}

/** The whole journal, in order of dispatch. */
export function listCalls(storage: RunStorage): RunCall[] {
  return storage.sql
    .exec<{
      ordinal: number;
      call_id: string;
      dispatch: number;
      attempt: number;
      node_key: string;
      state: string;
      model: string;
      started_at: number;
      ended_at: number | null;
      usage_unit_id: string | null;
      outbox_key: string | null;
    }>(
      `SELECT ordinal, call_id, dispatch, attempt, node_key, state, model, started_at, ended_at, usage_unit_id, outbox_key
       FROM calls ORDER BY ordinal`,
    )
    .toArray()
    .map((row) => ({
      callId: row.call_id,
      nodeKey: row.node_key,
      ordinal: row.ordinal,
      dispatch: row.dispatch,
      attempt: row.attempt,
      state: row.state as CallState,
      model: row.model,
      startedAt: toIso(row.started_at),
      endedAt: row.ended_at === null ? null : toIso(row.ended_at),
      usageUnitId: row.usage_unit_id,
      receiptId: row.outbox_key === null ? null : receiptIdOfKey(row.outbox_key),
    }));
}

/** The journal as the gateway's log is held against it, in order of dispatch. */
export function listDispatches(storage: RunStorage): RunDispatch[] {
  return storage.sql
    .exec<{
      dispatchId: string;
      callId: string;
      attempt: number;
      usageUnitId: string | null;
    }>(
      `SELECT dispatch_id AS dispatchId, call_id AS callId, attempt,
         CASE WHEN outbox_key IS NULL THEN NULL ELSE usage_unit_id END AS usageUnitId
       FROM calls ORDER BY ordinal`,
    )
    .toArray();
}

/** Every model that a call was sent to. */
export function listModels(storage: RunStorage): string[] {
  return storage.sql
    .exec<{ model: string }>("SELECT DISTINCT model FROM calls")
    .toArray()
    .map(({ model }) => model);
}

/** Models of the calls that have not ended. */
export function listOpenModels(storage: RunStorage): string[] {
  return storage.sql
    .exec<{ model: string }>(
      "SELECT DISTINCT model FROM calls WHERE state IN ('intent', 'dispatched')",
    )
    .toArray()
    .map(({ model }) => model);
}

/** Receipts of one gateway's calls that its log can still tell something of. */
export function countOpenReceipts(storage: RunStorage, source: SourceSystem): number {
  const [row] = storage.sql
    .exec<{ open: number }>(
      `SELECT count(*) AS open FROM calls
       WHERE outbox_key GLOB ? || ':*' AND settlement IN ('estimated', 'unknown')`,
      source,
    )
    .toArray();
  return row?.open ?? 0;
}

/** Whether another dispatch of the run already has a receipt under this usage unit id. */
export function isUnitTaken(storage: RunStorage, usageUnitId: string, ordinal: number): boolean {
  return (
    storage.sql
      .exec(
        `SELECT 1 AS found FROM calls
         WHERE usage_unit_id = ? AND ordinal <> ? AND outbox_key IS NOT NULL LIMIT 1`,
        usageUnitId,
        ordinal,
      )
      .toArray().length > 0
  );
}

function pageOf(
  state: CallState,
  settlement: Settlement | null,
): "settled" | "unknown" | "voided" | "open" {
  if (state === "intent" || state === "dispatched") return "open";
  if (settlement === null) return "voided";
  return settlement === "unknown" ? "unknown" : "settled";
}

export function countSettled(storage: RunStorage): number {
  const [row] = storage.sql
    .exec<{ total: number }>("SELECT count(*) AS total FROM calls WHERE state = 'settled'")
    .toArray();
  return row?.total ?? 0;
}

/** Of a run that has made no call. */
export const noTotals: CallTotals = {
  usage: { calls: 0, inputTokens: 0, outputTokens: 0 },
  chargedCredits: 0,
  books: { dispatches: 0, settled: 0, unknown: 0, voided: 0, open: 0, closed: true },
};

/** All of the journal in sums: cumulative over the run's attempts. */
export function readTotals(storage: RunStorage): CallTotals {
  const rows = storage.sql
    .exec<{
      state: string;
      settlement: string | null;
      dispatches: number;
      calls: number;
      input: number;
      output: number;
      charged: number;
    }>(
      `SELECT state, settlement, count(*) AS dispatches, count(outbox_key) AS calls, sum(input_tokens) AS input,
         sum(output_tokens) AS output, sum(charged_credits) AS charged
       FROM calls GROUP BY state, settlement`,
    )
    .toArray();
  const usage = { calls: 0, inputTokens: 0, outputTokens: 0 };
  const pages = { dispatches: 0, settled: 0, unknown: 0, voided: 0, open: 0 };
  let chargedCredits = 0;
  for (const row of rows) {
    usage.calls += row.calls;
    usage.inputTokens += row.input;
    usage.outputTokens += row.output;
    chargedCredits += row.charged;
    pages.dispatches += row.dispatches;
    pages[pageOf(row.state as CallState, row.settlement as Settlement | null)] += row.dispatches;
  }
  const isBalanced = pages.dispatches === pages.settled + pages.unknown + pages.voided + pages.open;
  const books = { ...pages, closed: isBalanced && pages.open === 0 };
  return { usage, chargedCredits, books };
}
