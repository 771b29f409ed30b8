import type { Log } from "../base/log.ts";
import type { AiEvent } from "../ports/ai-event.ts";
import type { GraphExecutorPort, GraphRunRequest } from "../ports/graph-executor.ts";
import type { ExecutorType } from "../ports/usage-fact.ts";
import { createRun, refusal } from "./run-result.ts";

/** One engine behind the port: the graph ids that start with `prefix:` are its own. */
export interface Provider {
  prefix: string;
  executorType: ExecutorType;
  executor: GraphExecutorPort;
}

/** `langgraph:team:poet` -> `langgraph`, `team:poet`: only the first colon counts. */
export function splitGraphId(graphId: string): { prefix: string; graphName: string } {
  const colon = graphId.indexOf(":");
  return colon < 0
    ? { prefix: "", graphName: graphId }
    : { prefix: graphId.slice(0, colon), graphName: graphId.slice(colon + 1) };
}

/** Which kind of engine serves a graph; null where none does. */
export function executorTypes(
  providers: readonly Provider[],
): (graphId: string) => ExecutorType | null {
  const byPrefix = new Map(providers.map(({ prefix, executorType }) => [prefix, executorType]));
  return (graphId) => byPrefix.get(splitGraphId(graphId).prefix) ?? null;
}

/** An executor made of executors: routes by prefix. An unknown prefix ends the run as `not_found`. */
export function aggregate(providers: readonly Provider[], log: Log): GraphExecutorPort {
  const byPrefix = new Map(providers.map((provider) => [provider.prefix, provider.executor]));

  function route(request: GraphRunRequest): AsyncIterable<AiEvent> {
    const executor = byPrefix.get(splitGraphId(request.context.graphId).prefix);
    if (executor !== undefined) return executor.runGraph(request).stream;
    return refusal({
      code: "not_found",
      message: "No engine serves this graph. GET /api/v1/ai/agents lists the graphs.",
    });
  }

  return { runGraph: (request) => createRun(request, route, log) };
}
