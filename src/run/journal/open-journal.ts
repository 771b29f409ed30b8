import { describeBug } from "../../base/log.ts";
import type { AiError } from "../../ports/ai-event.ts";
import { RunCallJournal } from "./call-journal.ts";
import { creditExhausted, ledgerUnreachable } from "./lease.ts";
import type { OpenRun } from "../open-run.ts";
import { stopped } from "../run-errors.ts";

/** The call journal of one driver, with the way to more credit. */
export function openJournal(
  run: OpenRun,
  { isFirst, signal, isOver }: { isFirst: boolean; signal: AbortSignal; isOver: () => boolean },
): RunCallJournal {
  const { state, deps, events, outbox } = run;
  const { start, attempt, epoch } = state.present;
  let topUps: Promise<AiError | null> = Promise.resolve(null);

  async function topUp(leaseCredits: number): Promise<AiError | null> {
    // Others were waited for; after a stop, the row may be another driver's.
    if (isOver()) return stopped;
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
    if (isOver()) return stopped;
    state.update({ leaseCredits });
    return null;
  }

  return new RunCallJournal({
    storage: deps.storage,
    events,
    outbox,
    runId: start.context.runId,
    attempt,
    epoch,
    isEmpty: isFirst,
    limits: start.limits,
    priceOf: deps.priceOf,
    leaseCredits: () => state.present.leaseCredits,
    ledgerAheadCredits: state.present.ledgerAheadCredits,
    // One at a time, because each is a numbered write of the run's D1 row.
    topUp: (leaseCredits) => (topUps = topUps.then(() => topUp(leaseCredits))),
    fence: () => (signal.aborted || isOver() ? stopped : null),
    crashPoint: deps.crashPoint,
    now: () => deps.clock.now(),
  });
}
