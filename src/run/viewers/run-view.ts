import { toIso } from "../../base/clock.ts";
import type { LiveRun } from "../../ports/run.ts";
import type { SettledFrame } from "../../protocol.ts";
import { countOpenReceipts, readTotals, type CallTotals } from "../journal/call-rows.ts";
import type { OpenRun } from "../open-run.ts";

/** The run as this object knows it: fresher than D1 while it is under way. */
export function viewRun(run: OpenRun, totals?: CallTotals): LiveRun {
  const { state, events, deps } = run;
  const row = state.present;
  const { context, threadId, model } = row.start;
  const { usage, chargedCredits, books } = totals ?? readTotals(deps.storage);
  const isLeaseOpen =
    row.phase === "driving" || (row.phase === "finishing" && row.status !== "interrupted");
  const iso = (ms: number | null) => (ms === null ? null : toIso(ms));
  return {
    runId: context.runId,
    threadId,
    graphId: context.graphId,
    model,
    status: row.status,
    attempt: row.attempt,
    errorCode: row.error?.code ?? null,
    errorMessage: row.error?.message ?? null,
    output: row.output,
    startedAt: iso(row.startedAt),
    finishedAt: iso(row.finishedAt),
    usage,
    chargedCredits,
    heldCredits: isLeaseOpen ? Math.max(0, row.leaseCredits - chargedCredits) : 0,
    books,
    billing: billingOf(run),
    lastSeq: events.lastSeq,
    interrupts: row.status === "interrupted" ? [...row.interrupts] : [],
  };
}

function billingOf(run: OpenRun): LiveRun["billing"] {
  const { phase, status } = run.state.present;
  if (phase !== "settled" || status === "interrupted") return "open";
  return run.outbox.count("refused") > 0 || isReconciling(run) ? "reconciling" : "settled";
}

export function settledFrame({ deps, outbox }: OpenRun, totals?: CallTotals): SettledFrame {
  const { chargedCredits, books } = totals ?? readTotals(deps.storage);
  return { kind: "settled", chargedCredits, receipts: outbox.count("committed"), books };
}

/** Whether the gateway's log may still change what the run was charged. */
function isReconciling({ deps, state }: OpenRun): boolean {
  const { reconciler, storage } = deps;
  if (reconciler === null || state.present.reconcileFrom === null) return false;
  return countOpenReceipts(storage, reconciler.source) > 0;
}
