import { toIso, type Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { AiError, AiEvent } from "../ports/ai-event.ts";
import type { GraphExecutorPort, GraphRunRequest } from "../ports/graph-executor.ts";
import type { BillingCommitFn, ExecutorType, UsageFact } from "../ports/usage-fact.ts";
import { createRun, noUsage } from "./run-result.ts";
import { judgeFact, unknownFactFor } from "./usage-fact-schema.ts";

export interface BillingDeps {
  commit: BillingCommitFn;
  /** null: no engine serves the graph, so whoever reports usage for it is foreign. */
  executorTypeOf: (graphId: string) => ExecutorType | null;
  clock: Clock;
  log: Log;
}

const billingFailed: AiError = {
  code: "internal",
  message:
    "The run was stopped because a model call could not be billed correctly. Give the run's id to the operator.",
};

/**
 * Takes every usage report out of the stream and makes it durable before it lets anything later through, so that the
 * end of a run is never seen before its usage is safe. A trusted executor's bad fact fails the run and still leaves a
 * receipt (settlement `unknown`); an external engine's fact is a hint and bills nothing.
 */
export function withBilling(inner: GraphExecutorPort, deps: BillingDeps): GraphExecutorPort {
  async function* bill(request: GraphRunRequest): AsyncGenerator<AiEvent> {
    const stopping = new AbortController();
    const signal = AbortSignal.any([request.signal, stopping.signal]);
    let reports = 0;
    let isFailed = false;
    for await (const event of inner.runGraph({ ...request, signal }).stream) {
      if (event.type === "usage_report") {
        if (await settle(event.fact, request, reports++)) continue;
        // Not a break: calls that run beside the bad one still report, and their usage must be taken too.
        isFailed = true;
        stopping.abort();
      } else if (!isFailed) {
        yield event;
      }
    }
    if (!isFailed) return;
    yield { type: "error", ...billingFailed };
    yield { type: "done", status: "error", usage: noUsage };
  }

  /** False when the run must not go on. */
  async function settle(
    candidate: UsageFact,
    { context }: GraphRunRequest,
    reportIndex: number,
  ): Promise<boolean> {
    const executorType = deps.executorTypeOf(context.graphId);
    const where = { runId: context.runId, attempt: context.attempt, requestId: context.requestId };
    if (executorType === null) {
      deps.log.log("error", "billing.foreign_executor_type", where);
      return false;
    }
    const verdict = judgeFact(candidate, executorType, context);
    switch (verdict.kind) {
      case "billable":
        await deps.commit(verdict.fact);
        return true;
      case "hint":
        deps.log.log("warn", "billing.deferred_to_reconciliation", {
          ...where,
          isComplete: verdict.isComplete,
        });
        return true;
      case "foreign":
        deps.log.log("error", "billing.foreign_executor_type", where);
        return false;
      case "invalid": {
        const paths = verdict.paths.join(",");
        deps.log.log("error", "billing.invalid_usage_fact", { ...where, paths });
        const now = toIso(deps.clock.now());
        await deps.commit(unknownFactFor(candidate, executorType, context, reportIndex, now));
        return false;
      }
    }
  }

  return { runGraph: (request) => createRun(request, bill, deps.log) };
}
