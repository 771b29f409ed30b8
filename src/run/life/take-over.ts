import type { AiError } from "../../ports/ai-event.ts";
import { countSettled } from "../journal/call-rows.ts";
import { endRun } from "./end-run.ts";
import { interruptOpenCalls } from "../journal/interrupted-calls.ts";
import type { OpenRun } from "../open-run.ts";
import { keepsCheckpoints, type RunRow } from "../run-state.ts";
import { resetUnsettledText } from "./reset-text.ts";
import { diesAgain, olderVersion, recoveriesMax, stopped, wallReached } from "../run-errors.ts";

/**
 * Takes a run over whose driver is gone: closes the calls it left open, tells viewers, and raises the epoch so that the
 * old driver, should it live on somewhere, can write no more. False when there is nothing left to drive.
 */
export function takeOver(run: OpenRun): boolean {
  const { state, events, deps } = run;
  const row = state.present;
  const settledCalls = countSettled(deps.storage);
  const recoveries = settledCalls > row.settledCalls ? 1 : row.recoveries + 1;
  // Without checkpoints a node is entered under another name, and its settled calls would be sent again.
  const isTooOld = !keepsCheckpoints(row) && settledCalls > 0;
  // The epoch of such a run stays 0, by which a retry knows that there are no checkpoints to go on from.
  if (!isTooOld) state.update({ epoch: row.epoch + 1, recoveries, settledCalls });
  const error = isTooOld ? olderVersion : reasonToEnd(row, recoveries, deps.clock.now());
  if (error !== null) {
    endRun(run, { status: error === stopped ? "cancelled" : "error", error, answer: null });
    return false;
  }
  run.atomically(() => {
    interruptOpenCalls(run);
    events.append({ type: "status", phase: "recovering" });
    resetUnsettledText(run);
  });
  deps.crashPoint("recovery.begun");
  return true;
}

function reasonToEnd(row: RunRow, recoveries: number, now: number): AiError | null {
  const { maxWallSeconds } = row.start.limits;
  if (row.isCancelRequested) return stopped;
  if (recoveries > recoveriesMax) return diesAgain;
  const isTimeUp = row.drivingSince !== null && now >= row.drivingSince + maxWallSeconds * 1_000;
  return isTimeUp ? wallReached(maxWallSeconds) : null;
}

/** Ends a run that nobody drives, or whose driver does not end; null: because a person stopped it. */
export function endStopped(run: OpenRun, reason: AiError | null = null): void {
  run.state.update({ epoch: run.state.present.epoch + 1 });
  const status = reason === null ? "cancelled" : "error";
  endRun(run, { status, error: reason ?? stopped, answer: null });
}
