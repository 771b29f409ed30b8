import { toIso } from "../base/clock.ts";
import type { LiveRun } from "../ports/run.ts";
import type { SettledFrame } from "../protocol.ts";
import { readBooks, readTotals } from "./call-rows.ts";
import type { OpenRun } from "./open-run.ts";

/** The run as this object knows it: fresher than D1 while it is under way. */
export function viewRun({ state, events, outbox, deps }: OpenRun): LiveRun {
  const row = state.present;
  const { context, threadId, model } = row.start;
  const { usage, chargedCredits } = readTotals(deps.storage);
  const isLeaseOpen = row.phase === "driving" || row.phase === "finishing";
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
    books: readBooks(deps.storage),
    billing:
      row.phase !== "settled" ? "open" : outbox.count("refused") > 0 ? "reconciling" : "settled",
    lastSeq: events.lastSeq,
    interrupts: [],
  };
}

export function settledFrame({ deps, outbox }: OpenRun): SettledFrame {
  return {
    kind: "settled",
    chargedCredits: readTotals(deps.storage).chargedCredits,
    receipts: outbox.count("committed"),
    books: readBooks(deps.storage),
  };
}
