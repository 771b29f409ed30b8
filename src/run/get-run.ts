import type { Env } from "../env.ts";
import type { JsonValue } from "../ports/json.ts";
import type { GoOnOutcome, LiveRun, RunCall, StartOutcome, StartRun } from "../ports/run.ts";

export { planRun } from "./plan-run.ts";
export type { RunCatalogs, RunPlan, RunWish } from "./plan-run.ts";

/**
 * A run's object as the doors see it (the platform's own stub type unfolds every JSON type without end). Each call is one message to it; expected refusals are values, since an error's own
 * fields do not survive the way.
 */
export interface RunStub {
  start(start: StartRun): Promise<StartOutcome>;
  /** null: no such run for this account. */
  view(accountId: string): Promise<LiveRun | null>;
  calls(accountId: string): Promise<RunCall[] | null>;
  /** `accepted` is false when the run has ended or is being stopped already. */
  cancel(accountId: string): Promise<{ accepted: boolean; run: LiveRun } | null>;
  /** Answers an interrupt; the id may be left out when only one is open. null: no such run for this account. */
  resume(
    accountId: string,
    answer: { interruptId: string | null; value: JsonValue },
  ): Promise<GoOnOutcome | null>;
  /** Another attempt of a run that ended `error` or `cancelled`, from where it stood. null: no such run. */
  retry(accountId: string): Promise<GoOnOutcome | null>;
  /** Has the run look at itself and do what is due; false when there is no run here. */
  wake(): Promise<boolean>;
  /** Where there is no run here: D1 ends the one of this id that it let in, when that is old enough to be lost. */
  giveUp(runId: string): Promise<void>;
  /** Has a run that has ended look at the gateway's log, also when its own looks are over; false when there is no run. */
  reconcile(): Promise<boolean>;
  /** Viewers only: `…/events` and `…/socket`, with the account in `accountHeader`. */
  fetch(request: Request): Promise<Response>;
}

/** The header by which the Worker tells a RunObject whose request it forwards; a client's own is removed at the door. */
export const accountHeader = "x-runledger-account";

/** Present when the viewer's credential may also act on the run (scope `runs:write`). */
export const mayWriteHeader = "x-runledger-may-write";

/** The only way from a door (route, schedule) to a run. */
export function getRun(env: Env, runId: string): RunStub {
  const stub: unknown = env.RUNS.get(env.RUNS.idFromName(runId));
  return stub as RunStub;
}
