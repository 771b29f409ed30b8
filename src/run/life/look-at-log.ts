import { givenUpMs, looksAfter, looksSkippedWhenFinal } from "../../billing/next-reconcile.ts";
import { adoptReceipts } from "../journal/adopt-receipts.ts";
import { countOpenReceipts, listDispatches, listModels, readTotals } from "../journal/call-rows.ts";
import type { OpenRun } from "../open-run.ts";
import type { RunRow } from "../run-state.ts";

/**
 * The looks to come of a run that settles now. `reconciling`: they may still change what it was charged. A run that waits
 * for a person has none: what it asked may be asked again when it goes on, and is then charged there.
 */
export function planLooks({ deps, state }: OpenRun): {
  reconciling: boolean;
  row: Pick<RunRow, "reconcileFrom" | "looks">;
} {
  const { reconciler, storage, clock } = deps;
  const isAsked =
    reconciler !== null &&
    listModels(storage).some((model) => deps.describeModel(model).source === reconciler.source);
  if (!isAsked || state.present.status === "interrupted")
    return { reconciling: false, row: { reconcileFrom: null, looks: 0 } };
  const reconciling = countOpenReceipts(storage, reconciler.source) > 0;
  const looks = reconciling ? 0 : looksSkippedWhenFinal;
  return { reconciling, row: { reconcileFrom: clock.now(), looks } };
}

/**
 * One look at the gateway's log, for a run that is settled: the ledger is corrected, then the journal made to agree, then
 * the run's row in D1. Each step can be repeated; a death in between leaves the rest to the next look. A run that goes on
 * meanwhile is left alone, and looks again when it has come to rest. Throws when D1 is unreachable.
 */
export async function lookAtLog(run: OpenRun, signal: AbortSignal): Promise<void> {
  const { state, deps } = run;
  const { reconciler, clock, log, crashPoint } = deps;
  const before = state.present;
  const { start, attempt, rev, createdAt } = before;
  const { runId } = start.context;
  const recordBooks = (reconciling: boolean) => {
    const { books } = readTotals(deps.storage);
    return deps.ledger.recordBooks({ runId, rev, books, reconciling });
  };
  if (reconciler === null) {
    // The gateway is another one by now, and its log is not ours to read.
    await recordBooks(false);
    return state.update({ reconcileFrom: null });
  }
  const endedAt = before.reconcileFrom ?? before.finishedAt ?? clock.now();
  // Counted before it is taken: one that its object does not survive is not repeated for ever.
  const looks = looksAfter(before.looks, clock.now() - endedAt);
  state.update({ reconcileFrom: endedAt, looks });
  crashPoint("reconcile.begun");
  const outcome = await reconciler.reconcile(
    {
      context: { ...start.context, attempt },
      executorType: "inproc",
      startedAt: before.startedAt ?? createdAt,
      endedAt,
      dispatches: listDispatches(deps.storage),
    },
    signal,
  );
  crashPoint("reconcile.answered");
  const isAtRest = () => state.present.phase === "settled" && state.present.rev === rev;
  if (!isAtRest()) return;
  // Called off for a run that may yet stay where it is.
  if (signal.aborted && outcome.kind === "delayed") return state.update({ looks: before.looks });
  if (outcome.kind === "delayed") {
    if (clock.now() - endedAt < givenUpMs) return;
    log.log("error", "reconcile.given_up", { runId, reason: outcome.reason });
  } else {
    run.atomically(() => adoptReceipts(run, reconciler.source, outcome.receipts));
  }
  const isComplete = outcome.kind === "delayed" || outcome.isComplete;
  await recordBooks(!isComplete && countOpenReceipts(deps.storage, reconciler.source) > 0);
  if (isComplete && isAtRest()) state.update({ reconcileFrom: null });
  crashPoint("reconcile.noted");
}
