import type { AiError, DoneStatus } from "../../ports/ai-event.ts";
import type { Interrupt } from "../../ports/graph-runner.ts";
import { readTotals } from "../journal/call-rows.ts";
import { interruptOpenCalls } from "../journal/interrupted-calls.ts";
import type { OpenRun } from "../open-run.ts";

/** What the end of an attempt writes, besides its last events. */
export interface RunEnding {
  status: DoneStatus;
  error: AiError | null;
  answer: { messageId: string; content: string } | null;
  finishReason?: string;
}

/**
 * Fixes the outcome: the last events and the run's row in one transaction, so that a recovery never says an answer
 * twice. From here on the run only has to be told to D1. The usage of `done` is what the journal holds, over all attempts.
 */
export function endRun(run: OpenRun, ending: RunEnding): void {
  const { events, state, deps } = run;
  const { status, error, answer, finishReason } = ending;
  deps.crashPoint("run.ending");
  run.atomically(() => {
    // No run ends with a call open: what a failure inside has left behind still owes its receipt.
    let totals = readTotals(deps.storage);
    if (totals.books.open > 0) {
      interruptOpenCalls(run);
      totals = readTotals(deps.storage);
    }
    const { usage } = totals;
    if (error !== null) events.append({ type: "error", ...error });
    const isAnswered = status === "success" && answer !== null;
    if (isAnswered) events.append({ type: "assistant_final", ...answer });
    const finish = finishReason === undefined ? {} : { finishReason };
    events.append({ type: "done", status, usage, ...finish });
    state.update({
      phase: "finishing",
      status,
      error,
      output: isAnswered ? answer.content : null,
      interrupts: [],
      finishTries: 0,
      finishedAt: deps.clock.now(),
    });
  });
  deps.crashPoint("run.ended");
}

/** The run waits for a person. It owes nothing meanwhile: D1 is told, and gives the rest of the hold back. */
export function pauseRun(run: OpenRun, interrupts: readonly Interrupt[]): void {
  const { events, state, deps } = run;
  run.atomically(() => {
    interruptOpenCalls(run);
    for (const interrupt of interrupts) events.append({ type: "interrupt", ...interrupt });
    state.update({ phase: "finishing", status: "interrupted", interrupts, finishTries: 0 });
  });
  deps.crashPoint("run.interrupted");
  deps.viewers.pause();
}
