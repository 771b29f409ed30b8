import { countSettled } from "./call-rows.ts";
import { endRun } from "./end-run.ts";
import { interruptOpenCalls } from "./interrupted-calls.ts";
import type { OpenRun } from "./open-run.ts";
import { resetUnsettledText } from "./reset-text.ts";
import { diesAgain, recoveriesMax, stopped } from "./run-errors.ts";

/**
 * Takes a run over whose driver is gone: closes the calls it left open, tells viewers, and raises the epoch so that the
 * old driver, should it live on somewhere, can write no more. False when there is nothing left to drive: the run was to
 * be stopped, or has been recovered too often.
 */
export function takeOver(run: OpenRun): boolean {
  const { state, events, deps } = run;
  const row = state.present;
  const settledCalls = countSettled(deps.storage);
  const recoveries = settledCalls > row.settledCalls ? 1 : row.recoveries + 1;
  state.update({ epoch: row.epoch + 1, recoveries, settledCalls });
  if (row.isCancelRequested) {
    endRun(run, { status: "cancelled", error: stopped, answer: null });
    return false;
  }
  if (recoveries > recoveriesMax) {
    endRun(run, { status: "error", error: diesAgain, answer: null });
    return false;
  }
  events.atomically(() => {
    interruptOpenCalls(run);
    events.append({ type: "status", phase: "recovering" });
    resetUnsettledText(run);
  });
  deps.crashPoint("recovery.begun");
  return true;
}

/** Ends a run that nobody drives because a person stopped it. */
export function endStopped(run: OpenRun): void {
  run.state.update({ epoch: run.state.present.epoch + 1 });
  endRun(run, { status: "cancelled", error: stopped, answer: null });
}
