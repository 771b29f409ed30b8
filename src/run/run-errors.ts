import type { AiError } from "../ports/ai-event.ts";

/** What a run ends with by its RunObject's own doing. */

/** A run that dies again and again without getting any further kills its host: it is ended instead. */
export const recoveriesMax = 5;

export const olderVersion: AiError = {
  code: "internal",
  message:
    "The run was begun by an older version, which cannot go on without asking again what was answered. What it used is billed. Start it again.",
};
export const stopped: AiError = { code: "aborted", message: "The run was stopped." };
export const diesAgain: AiError = {
  code: "internal",
  message: `The run's host died ${recoveriesMax + 1} times without getting further. What it used is billed. Retry it, or give the run's id to the operator.`,
};
export const brokeOff: AiError = {
  code: "internal",
  message:
    "The run failed inside Runledger. What it used is billed. Retry it, or give the run's id to the operator.",
};

export function wallReached(maxWallSeconds: number): AiError {
  return {
    code: "timeout",
    message: `The run reached its limit of ${maxWallSeconds} seconds (limits.maxWallSeconds). What was used is billed. Raise the limit, then start again.`,
  };
}

/** Said to who asked a run to go on before D1 knew that it had ended or waits. */
export const askAgain = "The ledger could not be reached. Ask again later.";

/** Said to who asked a run to go on, when that is kept. */
export const ledgerIsAway =
  "The ledger could not be reached. The run goes on by itself when it can; ask for it again to see.";
