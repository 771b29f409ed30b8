import type { Env } from "../env.ts";
import type { StartOutcome, StartRun } from "../ports/run.ts";
import { getRun } from "../run/get-run.ts";

/** What a schedule may do to runs. Either may throw when the run could not be reached: then nothing is known. */
export interface RunPort {
  start(start: StartRun): Promise<StartOutcome>;
  /** Resolves once the cancellation is accepted, or the run had ended, or never was. */
  cancel(accountId: string, runId: string): Promise<void>;
}

export function runPort(env: Env): RunPort {
  return {
    start: (start) => getRun(env, start.context.runId).start(start),
    cancel: async (accountId, runId) => {
      await getRun(env, runId).cancel(accountId);
    },
  };
}
