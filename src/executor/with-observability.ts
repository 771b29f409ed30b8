import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { AiEvent } from "../ports/ai-event.ts";
import type { GraphExecutorPort, GraphRunRequest } from "../ports/graph-executor.ts";
import type { Tracer } from "../ports/tracer.ts";
import { createRun } from "./run-result.ts";

export interface ObservabilityDeps {
  log: Log;
  tracer: Tracer;
  clock: Clock;
}

/** One span and two log lines a run attempt, made of ids, codes and numbers; passes every event on untouched. */
export function withObservability(
  inner: GraphExecutorPort,
  deps: ObservabilityDeps,
): GraphExecutorPort {
  async function* observe(request: GraphRunRequest): AsyncGenerator<AiEvent> {
    const { runId, attempt, requestId, graphId, trigger } = request.context;
    const ids = { runId, attempt, requestId, graphId, trigger };
    const startedAt = deps.clock.now();
    const span = deps.tracer.startSpan("graph.run", ids);
    let outcome = "closed";
    let errorCode: string | null = null;
    let usage = { calls: 0, inputTokens: 0, outputTokens: 0 };
    deps.log.log("info", "run.started", { ...ids, model: request.model });
    try {
      for await (const event of inner.runGraph(request).stream) {
        if (event.type === "error") errorCode = event.code;
        if (event.type === "interrupt") outcome = "interrupted";
        if (event.type === "done") {
          outcome = event.status;
          usage = event.usage;
        }
        yield event;
      }
    } finally {
      const durationMs = deps.clock.now() - startedAt;
      const failed = outcome === "error";
      deps.log.log(failed ? "warn" : "info", "run.ended", {
        ...ids,
        outcome,
        errorCode,
        durationMs,
        ...usage,
      });
      span.set({ outcome, ...usage });
      span.end(failed ? "error" : "ok");
    }
  }
  return { runGraph: (request) => createRun(request, observe, deps.log) };
}
