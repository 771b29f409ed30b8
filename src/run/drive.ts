import { assert, unreachable } from "../base/assert.ts";
import { describeBug } from "../base/log.ts";
import type { AiError, AiEvent, DoneStatus } from "../ports/ai-event.ts";
import type { GraphRunRequest } from "../ports/graph-executor.ts";
import { RunCallJournal } from "./call-journal.ts";
import { readTotals } from "./call-rows.ts";
import { interruptOpenCalls } from "./interrupted-calls.ts";
import { beginError, creditExhausted, ledgerUnreachable } from "./lease.ts";
import type { OpenRun } from "./open-run.ts";

/** What the end of a run writes, besides its last events. */
export interface RunEnding {
  status: DoneStatus;
  error: AiError | null;
  output: string | null;
  finishReason?: string;
}

/** Stops a driver, for a reason that becomes the run's error; null when a person stopped it. */
export class StopSwitch {
  readonly #controller = new AbortController();
  reason: AiError | null = null;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  stop(reason: AiError | null): void {
    if (this.signal.aborted) return;
    this.reason = reason;
    this.#controller.abort();
  }
}

/**
 * Drives the run's executor to its end and writes every event to the log. When the run was ended meanwhile (its driver was
 * taken for lost), the driver stops and writes nothing more.
 */
export async function drive(run: OpenRun, stop: StopSwitch): Promise<void> {
  const { state, events, deps } = run;
  const { start } = state.present;
  const isOver = () => state.present.phase !== "driving";

  const executor = deps.buildExecutor({
    journal: openJournal(run, stop.signal, isOver),
    commit: async (fact) => {
      run.outbox.put(fact);
    },
    checkCredit: async () => {
      const { leaseCredits } = state.present;
      const { chargedCredits } = readTotals(deps.storage);
      const { maxCredits } = start.limits;
      return beginError({ leaseCredits, chargedCredits, maxCredits }, deps.needsCredit(start));
    },
    totals: () => readTotals(deps.storage),
  });
  const ending: RunEnding = { status: "error", error: null, output: null };
  for await (const event of executor.runGraph(requestOf(run, stop.signal)).stream) {
    if (isOver()) {
      stop.stop(null);
      return;
    }
    note(run, ending, event, stop.reason);
  }
  assert(state.present.phase === "finishing", "the executor's stream ends with an end");
  events.flush();
}

function note(run: OpenRun, ending: RunEnding, event: AiEvent, stopReason: AiError | null): void {
  switch (event.type) {
    case "status":
    case "text_delta":
    case "tool_call_start":
    case "tool_call_result":
      run.events.append(event);
      return;
    case "assistant_final":
      ending.output = event.content;
      run.events.append(event);
      return;
    case "error":
      ending.error = { code: event.code, message: event.message };
      return;
    case "done":
      ending.status = event.status;
      if (event.finishReason !== undefined) ending.finishReason = event.finishReason;
      // Stopped by a limit, not by a person: an executor cannot tell the two apart.
      if (event.status === "cancelled" && stopReason !== null) {
        ending.status = "error";
        ending.error = stopReason;
      }
      endRun(run, ending);
      return;
    case "interrupt":
      // No graph of the catalog interrupts; if one did, ending the run is the only answer that bills right.
      ending.error = {
        code: "internal",
        message: "This graph asks a person, which is not supported.",
      };
      endRun(run, ending);
      return;
    case "usage_report":
      throw new Error("a usage report got past billing");
    default:
      unreachable(event);
  }
}

/**
 * Fixes the outcome: the last events and the run's row in one transaction. From here on the run only has to be told to
 * D1. The usage of `done` is what the journal holds, over all attempts.
 */
export function endRun(run: OpenRun, ending: RunEnding): void {
  const { events, state, deps } = run;
  const { status, error, output, finishReason } = ending;
  // No run ends with a call open: what a failure inside has left behind still owes its receipt.
  interruptOpenCalls(run);
  const { usage } = readTotals(deps.storage);
  events.atomically(() => {
    if (error !== null) events.append({ type: "error", ...error });
    const finish = finishReason === undefined ? {} : { finishReason };
    events.append({ type: "done", status, usage, ...finish });
    state.update({
      phase: "finishing",
      status,
      error,
      output: status === "success" ? output : null,
      finishedAt: deps.clock.now(),
    });
  });
}

function openJournal(run: OpenRun, signal: AbortSignal, isOver: () => boolean): RunCallJournal {
  const { state, deps, events, outbox } = run;
  const { start, attempt } = state.present;
  let topUps: Promise<AiError | null> = Promise.resolve(null);

  async function topUp(leaseCredits: number): Promise<AiError | null> {
    const row = state.present;
    if (row.leaseCredits >= leaseCredits) return null;
    const rev = row.rev + 1;
    // Kept before it is sent: if the answer is lost, the next write must still carry a higher number than this one.
    state.update({ rev });
    try {
      if (!(await deps.ledger.topUp(start.context.runId, rev, leaseCredits)))
        return creditExhausted;
    } catch (error) {
      deps.log.log("error", "run.top_up_failed", {
        runId: start.context.runId,
        ...describeBug(error),
      });
      return ledgerUnreachable;
    }
    state.update({ leaseCredits });
    return null;
  }

  return new RunCallJournal({
    storage: deps.storage,
    events,
    outbox,
    runId: start.context.runId,
    attempt,
    limits: start.limits,
    priceOf: deps.priceOf,
    leaseCredits: () => state.present.leaseCredits,
    // One at a time, because each is a numbered write of the run's D1 row.
    topUp: (leaseCredits) => (topUps = topUps.then(() => topUp(leaseCredits))),
    fence: () =>
      signal.aborted || isOver() ? { code: "aborted", message: "The run was stopped." } : null,
    now: () => deps.clock.now(),
  });
}

function requestOf({ state }: OpenRun, signal: AbortSignal): GraphRunRequest {
  const { start, history, attempt } = state.present;
  return {
    context: { ...start.context, attempt },
    messages: history,
    model: start.model,
    configurable: start.configurable,
    toolIds: start.toolIds,
    limits: start.limits,
    signal,
  };
}
