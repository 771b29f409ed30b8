import { countSettled, readTotals } from "../journal/call-rows.ts";
import type { GoOnDecision } from "./go-on.ts";
import type { OpenRun } from "../open-run.ts";
import { resetUnsettledText } from "./reset-text.ts";

/** Kept before D1 is asked, with the number of the write: whoever finds the run like this asks again. */
export function beginReopening(
  run: OpenRun,
  { attempt, answer }: Extract<GoOnDecision, { kind: "reopen" }>,
): void {
  const { state, answers } = run;
  run.atomically(() => {
    state.update({
      phase: "reopening",
      attempt,
      rev: state.present.rev + 1,
      isCancelRequested: false,
      finishTries: 0,
    });
    if (answer !== null) answers.put(answer);
  });
}

/** D1 refused: the run is what it was, and its question is open again. */
export function takeBackReopening(run: OpenRun): void {
  const { state, answers } = run;
  const { status, attempt } = state.present;
  const isWaiting = status === "interrupted";
  run.atomically(() => {
    const answer = answers.latest();
    if (isWaiting && answer !== null) answers.remove(answer.interruptId);
    state.update({ phase: "settled", attempt: isWaiting ? attempt : attempt - 1 });
  });
}

/** D1 has let the run in again: it is driven from its last checkpoint, under a new epoch. */
export function goOn(
  run: OpenRun,
  { leaseCredits, chargedCredits }: { leaseCredits: number; chargedCredits: number },
): void {
  const { state, events, deps } = run;
  const { status, attempt, epoch, start } = state.present;
  const { runId, graphId } = start.context;
  run.atomically(() => {
    state.update({
      phase: "driving",
      status: "running",
      leaseCredits,
      ledgerAheadCredits: chargedCredits - readTotals(deps.storage).chargedCredits,
      error: null,
      output: null,
      finishedAt: null,
      interrupts: [],
      epoch: epoch + 1,
      recoveries: 0,
      settledCalls: countSettled(deps.storage),
      drivingSince: deps.clock.now(),
    });
    if (status !== "interrupted") {
      events.append({ type: "run_started", runId, attempt, graphId, model: start.model });
    }
    // What failed or was cut off may be asked again, and then says its text anew.
    resetUnsettledText(run);
  });
}
