import { assert } from "../base/assert.ts";
import { describeBug } from "../base/log.ts";
import type { CommitReport } from "../billing/billing.ts";
import { readBooks, readTotals } from "./call-rows.ts";
import { nextAlarm } from "./next-alarm.ts";
import type { OpenRun } from "./open-run.ts";
import { settledFrame } from "./run-view.ts";

/**
 * Tells D1 the outcome: remaining receipts, final row, released hold and the thread's new message in one batch. When D1
 * cannot be reached the alarm tries again; the batch is the same each time, so that a lost answer does no harm.
 */
export async function settleRun(run: OpenRun): Promise<void> {
  const { state, outbox, deps, events } = run;
  const row = state.present;
  const { runId } = row.start.context;
  const rev = row.rev + 1;
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
      books: readBooks(deps.storage),
      usage: readTotals(deps.storage).usage,
      facts: outbox.waiting(),
    });
    // A row that is still open would keep its hold and its thread for ever: better to try again and be seen trying.
    assert(report.current, "the finishing batch has closed the run");
    events.atomically(() => {
      mark(run, report);
      state.update({ phase: "settled", rev });
    });
  } catch (error) {
    state.update({ finishTries: row.finishTries + 1 });
    deps.log.log("error", "run.settle_failed", {
      runId,
      tries: state.present.finishTries,
      ...describeBug(error),
    });
    await deps.setAlarm(nextAlarm(state.present, deps.clock.now()));
    return;
  }
  deps.viewers.settle(settledFrame(run));
  await deps.setAlarm(null);
}

/** Sends what is waiting while the run goes on, so that a long run's receipts do not wait for its end. */
export async function drainOutbox(run: OpenRun): Promise<void> {
  const facts = run.outbox.waiting();
  if (facts.length === 0) return;
  const report = await run.deps.ledger.commit(facts);
  run.events.atomically(() => mark(run, report));
}

function mark({ outbox }: OpenRun, report: CommitReport): void {
  for (const { fact } of report.committed) outbox.mark(fact, "committed");
  for (const { fact } of report.refused) outbox.mark(fact, "refused");
}
