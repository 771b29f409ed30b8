import type { GoOnOutcome } from "../../ports/run.ts";
import { countSettled, readTotals } from "../journal/call-rows.ts";
import type { OpenRun } from "../open-run.ts";
import { ledgerIsAway } from "../run-errors.ts";
import { StaleInstance } from "../stale-instance.ts";
import { settledFrame, viewRun } from "../viewers/run-view.ts";
import { armAlarm } from "./arm-alarm.ts";
import type { GoOnDecision } from "./go-on.ts";
import { resetUnsettledText } from "./reset-text.ts";
import { endStopped } from "./take-over.ts";

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
function takeBackReopening(run: OpenRun): void {
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

/**
 * Asks D1 to let the run in again, and has it driven on. A refusal takes the reopening back; where D1 gives no answer the
 * run stays as it is, and the alarm asks again under the same number. `drive` starts a driver, `ended` is called when a
 * stop was waiting, `failed` is told why there was no answer.
 */
export async function reopen(
  run: OpenRun,
  on: { drive: () => void; ended: () => void; failed: (error: unknown) => void },
): Promise<GoOnOutcome> {
  const { state, deps } = run;
  await armAlarm(run);
  deps.crashPoint("reopening.written");
  const { start, rev, attempt, finishTries } = state.present;
  const { chargedCredits } = viewRun(run);
  try {
    const reopening = await deps.ledger.reopen(start, { rev, attempt, chargedCredits });
    deps.crashPoint("reopening.answered");
    if (reopening.kind === "refused") {
      takeBackReopening(run);
      tellViewers(run);
      await armAlarm(run);
      const { code, message } = reopening;
      return { ok: false, code, message };
    }
    goOn(run, reopening);
    if (state.present.isCancelRequested) {
      endStopped(run);
      on.ended();
    } else on.drive();
  } catch (error) {
    if (error instanceof StaleInstance) throw error;
    on.failed(error);
    state.update({ finishTries: finishTries + 1 });
    await armAlarm(run);
    return { ok: false, code: "provider_unavailable", message: ledgerIsAway };
  }
  await armAlarm(run);
  return { ok: true, repeated: false, run: viewRun(run) };
}

/** Who joined while the run was about to go on is told that it does not. */
function tellViewers(run: OpenRun): void {
  const { viewers } = run.deps;
  if (run.state.present.status === "interrupted") viewers.pause();
  else viewers.settle(settledFrame(run));
}
