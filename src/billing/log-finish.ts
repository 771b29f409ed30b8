import { toIso } from "../base/clock.ts";
import type { BillingDeps, FinishRun } from "./posting.ts";
import type { FinishedRun } from "./finish-statements.ts";

/** The one event that every billed run ends with, whatever started it; or the word that somebody else ended it. */
export function logFinish(
  { log }: BillingDeps,
  finish: FinishRun,
  run: FinishedRun | undefined,
  current: boolean,
): void {
  const { runId, rev, status } = finish;
  if (run === undefined || !current) {
    log.log("warn", "billing.finish_superseded", { runId, rev, status, rowRev: run?.rev });
    return;
  }
  log.log("info", "AI_BILLING_COMMIT_COMPLETE", {
    runId,
    attempt: run.attempt,
    requestId: run.request_id,
    graphId: run.graph_id,
    trigger: run.trigger,
    status,
    calls: finish.usage.calls,
    receipts: run.call_count,
    chargedCredits: run.charged_credits,
    finishedAt: finish.finishedAt === null ? null : toIso(finish.finishedAt),
  });
}
