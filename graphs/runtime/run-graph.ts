import { AsyncLocalStorage } from "node:async_hooks";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import type { BaseCheckpointSaver } from "@langchain/langgraph";
import type { GraphInvocation, GraphOutcome, GraphRunner } from "../../src/ports/graph-runner.ts";
import type { ToolSpec } from "../../src/ports/tools.ts";
import { runInContext } from "./execution-context.ts";
import { graphFactories } from "./factories.ts";
import { createInProcessKit } from "./in-process-kit.ts";
import type { CompiledGraph, GraphFactory } from "./kit.ts";
import { fromChat } from "./messages.ts";
import { forbidTracing } from "./no-tracing.ts";
import { failureOf, outcomeOf } from "./outcome.ts";

export interface GraphRunnerDeps {
  toolSpecs: readonly ToolSpec[];
  /** Keeps the state of runs by their run id; without it a graph runs in memory and cannot be interrupted. */
  checkpointer?: BaseCheckpointSaver;
  /** Told the name, never the message, of what a run failed of as `internal`. */
  onInternalError?: (errorName: string) => void;
  factories?: ReadonlyMap<string, GraphFactory>;
}

// The bundler picks LangGraph's browser build for Workers, which leaves this out.
AsyncLocalStorageProviderSingleton.initializeGlobalInstance(new AsyncLocalStorage());

/**
 * Runs the graphs of the catalog in this process. A graph is compiled once per runner: compiled graphs hold no state of
 * a run, which lives in the execution context, the invocation's config and the checkpointer.
 *
 * After a failure or a stop, sibling calls may still be going on when the outcome is known; they belong to the completion
 * function's owner, who waits for them.
 */
export function createGraphRunner(deps: GraphRunnerDeps): GraphRunner {
  const { toolSpecs, checkpointer = null, factories = graphFactories } = deps;
  const kit = createInProcessKit(toolSpecs, checkpointer);
  const compiled = new Map<string, CompiledGraph>();

  function graphOf(name: string): CompiledGraph | null {
    const known = compiled.get(name);
    if (known !== undefined) return known;
    const graph = factories.get(name)?.(kit) ?? null;
    if (graph !== null) compiled.set(name, graph);
    return graph;
  }

  return {
    async run(invocation): Promise<GraphOutcome> {
      try {
        const graph = graphOf(invocation.graphName);
        if (graph === null)
          return failed({ code: "not_found", message: "There is no such graph." });
        if (invocation.signal.aborted) return failed(failureOf(null, true));
        return outcomeOf(await invoke(graph, invocation, checkpointer !== null));
      } catch (error) {
        const failure = failureOf(error, invocation.signal.aborted);
        if (failure.code === "internal") {
          deps.onInternalError?.(error instanceof Error ? error.name : typeof error);
        }
        return failed(failure);
      }
    },
  };
}

function invoke(
  graph: CompiledGraph,
  invocation: GraphInvocation,
  isCheckpointed: boolean,
): Promise<unknown> {
  const { configurable, maxSteps, signal } = invocation;
  const config = {
    // With the default durability a node can start before the checkpoint that leads to it is kept.
    ...(isCheckpointed ? { durability: "sync" } : {}),
    configurable: isCheckpointed
      ? { ...configurable, thread_id: configurable["runId"] }
      : configurable,
    recursionLimit: maxSteps,
    signal,
  };
  forbidTracing();
  return runInContext(invocation, () =>
    graph.invoke({ messages: fromChat(invocation.messages) }, config),
  );
}

function failed(error: Extract<GraphOutcome, { kind: "failed" }>["error"]): GraphOutcome {
  return { kind: "failed", error };
}
