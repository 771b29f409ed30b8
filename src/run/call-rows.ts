import { toIso } from "../base/clock.ts";
import { receiptIdOf, sourceReference } from "../billing/pricing.ts";
import type { RunUsage } from "../ports/ai-event.ts";
import type { Books, CallState, RunCall } from "../ports/run.ts";
import type { Settlement, UsageFact } from "../ports/usage-fact.ts";
import type { Outbox } from "./outbox.ts";
import type { RunStorage } from "./storage.ts";

export interface CallTotals {
  usage: RunUsage;
  chargedCredits: number;
}

/** The whole journal, in order of dispatch. */
export function listCalls(storage: RunStorage, outbox: Outbox): RunCall[] {
  return storage.sql
    .exec<{
      ordinal: number;
      call_id: string;
      dispatch: number;
      node_key: string;
      state: string;
      model: string;
      started_at: number;
      ended_at: number | null;
      usage_unit_id: string | null;
      outbox_key: string | null;
    }>(
      `SELECT ordinal, call_id, dispatch, node_key, state, model, started_at, ended_at, usage_unit_id, outbox_key
       FROM calls ORDER BY ordinal`,
    )
    .toArray()
    .map((row) => ({
      callId: row.call_id,
      nodeKey: row.node_key,
      ordinal: row.ordinal,
      dispatch: row.dispatch,
      state: row.state as CallState,
      model: row.model,
      startedAt: toIso(row.started_at),
      endedAt: row.ended_at === null ? null : toIso(row.ended_at),
      usageUnitId: row.usage_unit_id,
      receiptId: receiptOf(row.outbox_key === null ? null : outbox.read(row.outbox_key)),
    }));
}

function receiptOf(fact: UsageFact | null): string | null {
  return fact === null ? null : receiptIdOf(fact.source, sourceReference(fact));
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

/** The proof that every dispatch is accounted for. */
export function readBooks(storage: RunStorage): Books {
  const rows = storage.sql
    .exec<{ state: string; settlement: string | null; total: number }>(
      "SELECT state, settlement, count(*) AS total FROM calls GROUP BY state, settlement",
    )
    .toArray();
  const books = { dispatches: 0, settled: 0, unknown: 0, voided: 0, open: 0 };
  for (const { state, settlement, total } of rows) {
    books.dispatches += total;
    books[pageOf(state as CallState, settlement as Settlement | null)] += total;
  }
  const isBalanced = books.dispatches === books.settled + books.unknown + books.voided + books.open;
  return { ...books, closed: isBalanced && books.open === 0 };
}

function pageOf(
  state: CallState,
  settlement: Settlement | null,
): "settled" | "unknown" | "voided" | "open" {
  if (state === "intent" || state === "dispatched") return "open";
  if (settlement === null) return "voided";
  return settlement === "unknown" ? "unknown" : "settled";
}

/** Cumulative over the run, from calls that owe a receipt. */
export function readTotals(storage: RunStorage): CallTotals {
  const [row] = storage.sql
    .exec<{ calls: number; input: number; output: number; charged: number }>(
      `SELECT count(*) AS calls, coalesce(sum(input_tokens), 0) AS input,
              coalesce(sum(output_tokens), 0) AS output, coalesce(sum(charged_credits), 0) AS charged
       FROM calls WHERE outbox_key IS NOT NULL`,
    )
    .toArray();
  return {
    usage: {
      calls: row?.calls ?? 0,
      inputTokens: row?.input ?? 0,
      outputTokens: row?.output ?? 0,
    },
    chargedCredits: row?.charged ?? 0,
  };
}
