import { assert } from "../../base/assert.ts";
import { describeBug } from "../../base/log.ts";
import type { CommitReport } from "../../billing/posting.ts";
import { readTotals } from "../journal/call-rows.ts";
import { armAlarm } from "./arm-alarm.ts";
import { planLooks } from "./look-at-log.ts";
import type { OpenRun } from "../open-run.ts";
import { settledFrame } from "../viewers/run-view.ts";
import { StaleInstance } from "../stale-instance.ts";

/**
 * Tells D1 how the attempt ended, or that the run waits: remaining receipts, the row, the released hold and the thread's
 * new message in one batch. When D1 cannot be reached the alarm tries again; the batch is the same each time, so that a
 * lost answer does no harm.
 */
export async function settleRun(run: OpenRun): Promise<void> {
  const { state, outbox, deps } = run;
  const row = state.present;
  const { runId } = row.start.context;
  const rev = row.rev + 1;
  const totals = readTotals(deps.storage);
  const looks = planLooks(run);
  deps.crashPoint("finish.sending");
  try {
    const report = await deps.ledger.finish({
      runId,
      rev,
      status: row.status,
      errorCode: row.error?.code ?? null,
      errorMessage: row.error?.message ?? null,
      output: row.output,
      finishedAt: row.finishedAt,
      assistantMessage: row.output,
      books: totals.books,
      usage: totals.usage,
      reconciling: looks.reconciling,
      facts: outbox.waiting(),
    });
    // A row that is still open would keep its hold and its thread for ever: better to try again and be seen trying.
    assert(report.current, "the finishing batch has closed the run");
    deps.crashPoint("finish.answered");
    run.atomically(() => {
      mark(run, report);
      state.update({ phase: "settled", rev, ...looks.row });
    });
  } catch (error) {
    if (error instanceof StaleInstance) throw error;
    state.update({ finishTries: row.finishTries + 1 });
    deps.log.log("error", "run.settle_failed", {
      runId,
      tries: state.present.finishTries,
      ...describeBug(error),
    });
    await armAlarm(run);
    return;
  }
  if (row.status !== "interrupted") deps.viewers.settle(settledFrame(run, totals));
  await armAlarm(run);
}

/** Sends what is waiting while the run goes on, so that a long run's receipts do not wait for its end. */
export async function drainOutbox(run: OpenRun): Promise<void> {
  const facts = run.outbox.waiting();
  if (facts.length === 0) return;
  const report = await run.deps.ledger.commit(facts);
  run.deps.crashPoint("outbox.answered");
  run.atomically(() => mark(run, report));
}

function mark({ outbox }: OpenRun, report: CommitReport): void {
  for (const { fact } of report.committed) outbox.mark(fact, "committed");
  for (const { fact } of report.refused) outbox.mark(fact, "refused");
}
