import { assert, unreachable } from "../../base/assert.ts";
import type { AiEvent } from "../../ports/ai-event.ts";
import type { GraphRunRequest } from "../../ports/graph-executor.ts";
import type { CheckpointStorage, Interrupt } from "../../ports/graph-runner.ts";
import { readTotals } from "../journal/call-rows.ts";
import { endRun, pauseRun, type RunEnding } from "./end-run.ts";
import { beginError } from "../journal/lease.ts";
import { openJournal } from "../journal/open-journal.ts";
import type { OpenRun } from "../open-run.ts";
import { StaleInstance } from "../stale-instance.ts";
import type { StopSwitch } from "./stop-switch.ts";

/** What the executor has said about how it ends, until it has ended. */
interface Outcome extends RunEnding {
  interrupts: Interrupt[];
}

/**
 * Drives the run's executor to its end, or to where it waits for a person, and writes every event to the log. When the
 * run was ended meanwhile, the driver stops and writes nothing more; when another instance has taken the run over, its
 * next write throws `StaleInstance`.
 */
export async function drive(run: OpenRun, isFirst: boolean, stop: StopSwitch): Promise<void> {
  const { state, deps } = run;
  const { start, epoch } = state.present;
  const isOver = () => state.present.phase !== "driving" || state.present.epoch !== epoch;

  const journal = openJournal(run, { isFirst, signal: stop.signal, isOver });
  const executor = deps.buildExecutor({
    journal,
    checkpoints: fencedCheckpoints(run, epoch),
    commit: async (fact) => {
      run.outbox.put(fact);
    },
    checkCredit: async () => {
      const { leaseCredits } = state.present;
      const { chargedCredits } = journal;
      const { maxCredits } = start.limits;
      return beginError({ leaseCredits, chargedCredits, maxCredits }, deps.needsCredit(start));
    },
    totals: () => readTotals(deps.storage),
  });
  const outcome: Outcome = { status: "error", error: null, answer: null, interrupts: [] };
  for await (const event of executor.runGraph(requestOf(run, isFirst, stop.signal)).stream) {
    if (isOver()) {
      stop.stop(null);
      return;
    }
    note(run, outcome, event, stop);
  }
  if (outcome.interrupts.length > 0 && !isOver()) pauseRun(run, outcome.interrupts);
  assert(isOver(), "the executor's stream ends with an end");
}

/**
 * The run's checkpoints as this driver may write them: a driver that has been replaced must not put an older step in
 * front of the one that its successor goes on from.
 */
function fencedCheckpoints({ state, deps }: OpenRun, epoch: number): CheckpointStorage {
  const { storage, crashPoint } = deps;
  return {
    sql: storage.sql,
    transactionSync(work) {
      const result = storage.transactionSync(() => {
        // This very instance may have given this driver up, and have another one.
        if (state.present.epoch !== epoch) throw new StaleInstance();
        state.requireCurrent();
        return work();
      });
      crashPoint("checkpoint.written");
      return result;
    },
  };
}

function note(run: OpenRun, outcome: Outcome, event: AiEvent, stop: StopSwitch): void {
  switch (event.type) {
    case "status":
    case "text_delta":
      run.events.append(event);
      return;
    case "tool_call_start":
    case "tool_call_result":
      // A node that is run again after a crash repeats its tools; viewers have seen them.
      if (!run.events.hasToolEvent(event.type, event.toolCallId)) run.events.append(event);
      return;
    case "assistant_final":
      outcome.answer = { messageId: event.messageId, content: event.content };
      return;
    case "error":
      outcome.error = { code: event.code, message: event.message };
      return;
    case "done":
      outcome.status = event.status;
      if (event.finishReason !== undefined) outcome.finishReason = event.finishReason;
      // Stopped by a limit, not by a person: an executor cannot tell the two apart.
      if (event.status === "cancelled" && stop.reason !== null) {
        outcome.status = "error";
        outcome.error = stop.reason;
      }
      endRun(run, outcome);
      return;
    case "interrupt":
      outcome.interrupts.push({ interruptId: event.interruptId, value: event.value });
      return;
    case "usage_report":
      throw new Error("a usage report got past billing");
    default:
      unreachable(event);
  }
}

function requestOf(
  { state, answers }: OpenRun,
  isFirst: boolean,
  signal: AbortSignal,
): GraphRunRequest {
  const { start, history, attempt } = state.present;
  return {
    context: { ...start.context, attempt },
    messages: history,
    model: start.model,
    configurable: start.configurable,
    toolIds: start.toolIds,
    limits: start.limits,
    answer: isFirst ? null : answers.latest(),
    signal,
  };
}
