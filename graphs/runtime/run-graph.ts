import { AsyncLocalStorage } from "node:async_hooks";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { isInterrupted } from "@langchain/langgraph";
import type { GraphInvocation, GraphOutcome, GraphRunner } from "../../src/ports/graph-runner.ts";
import type { ToolSpec } from "../../src/ports/tools.ts";
import type { DeferringSaver } from "./checkpoint/deferring-saver.ts";
import { runInContext } from "./execution-context.ts";
import type { ExecutionContext } from "./execution-context.ts";
import { graphFactories } from "./factories.ts";
import { createInProcessKit } from "./in-process-kit.ts";
import type { GraphFactory } from "./kit.ts";
import { fromChat } from "./messages.ts";
import { forbidTracing } from "./no-tracing.ts";
import { failureOf, outcomeOf } from "./outcome.ts";
import { RunCheckpoints } from "./run-checkpoints.ts";

export interface GraphRunnerDeps {
  toolSpecs: readonly ToolSpec[];
  /** Told of what a run failed as `internal`. Its message may quote a prompt. */
  onInternalError?: (error: unknown, runId: string | undefined) => void;
  factories?: ReadonlyMap<string, GraphFactory>;
}

// The bundler picks LangGraph's browser build for Workers, which leaves this out.
AsyncLocalStorageProviderSingleton.initializeGlobalInstance(new AsyncLocalStorage());

/**
 * Runs the graphs of the catalog in this process. A graph is compiled for each invocation, with the checkpointer of its
 * run: that takes a fraction of a millisecond, while a compiled graph that is shared could be lent another checkpointer
 * only through LangGraph's private keys in `configurable`, which is to stay JSON.
 *
 * With checkpoints, an invocation goes on where the last one of the same run ended, however that ended: tasks that had
 * finished are not entered again. After a failure or a stop, sibling calls may still be going on when the outcome is
 * known; they belong to the completion function's owner, who waits for them.
 */
export function createGraphRunner(deps: GraphRunnerDeps): GraphRunner {
  const { toolSpecs, factories = graphFactories } = deps;
  return {
    async run(invocation): Promise<GraphOutcome> {
      try {
        const factory = factories.get(invocation.graphName);
        if (factory === undefined) {
          return failed({ code: "not_found", message: "There is no such graph." });
        }
        if (invocation.signal.aborted) return failed(failureOf(null, true));
        return await invoke(factory, toolSpecs, invocation);
      } catch (error) {
        const failure = failureOf(error, invocation.signal.aborted);
        if (failure.code === "internal") {
          const { runId } = invocation.configurable;
          deps.onInternalError?.(error, typeof runId === "string" ? runId : undefined);
        }
        return failed(failure);
      }
    },
  };
}

async function invoke(
  factory: GraphFactory,
  toolSpecs: readonly ToolSpec[],
  invocation: GraphInvocation,
): Promise<GraphOutcome> {
  const { configurable, maxSteps, signal } = invocation;
  const thread = openThread(invocation);
  const graph = factory(createInProcessKit(toolSpecs, thread?.checkpoints.saver ?? null));
  const goOn = thread?.checkpoints.goOn(thread.attempt, invocation.answer, maxSteps);
  const input = goOn === undefined ? { messages: fromChat(invocation.messages) } : goOn.input;
  const config = {
    // With the default durability a node can start before its checkpoint is handed to the saver.
    ...(thread === null ? {} : { durability: "sync" }),
    configurable: thread === null ? configurable : { ...configurable, thread_id: thread.runId },
    recursionLimit: goOn?.maxSteps ?? maxSteps,
    signal,
  };
  forbidTracing();
  if (thread === null) {
    const result = await runInContext(invocation, () => graph.invoke(input, config));
    return outcomeOf(result, (questionId) => questionId);
  }
  const { saver } = thread.checkpoints;
  const result = await keepingUnlessEnded(saver, () =>
    runInContext(keepingFirst(saver, invocation), () => graph.invoke(input, config)),
  );
  return outcomeOf(result, (questionId) => thread.checkpoints.nameQuestion(questionId));
}

/** No call is made and no tool is run before the checkpoint that leads to it is stored. */
function keepingFirst(saver: DeferringSaver, context: ExecutionContext): ExecutionContext {
  const { completionFn, toolExecFn, tokenSink } = context;
  return {
    completionFn(request) {
      saver.keep();
      return completionFn(request);
    },
    toolExecFn(call, allowed) {
      saver.keep();
      return toolExecFn(call, allowed);
    },
    tokenSink,
  };
}

/** A graph that asks, fails or is stopped can be gone on with. */
async function keepingUnlessEnded(
  saver: DeferringSaver,
  work: () => Promise<unknown>,
): Promise<unknown> {
  try {
    const result = await work();
    if (isInterrupted(result)) saver.keep();
    return result;
  } catch (error) {
    saver.keep();
    throw error;
  }
}

interface Thread {
  runId: string;
  attempt: number;
  checkpoints: RunCheckpoints;
}

/** Null for a run that is not checkpointed. */
function openThread({ checkpoints, configurable }: GraphInvocation): Thread | null {
  if (checkpoints === null) return null;
  const { runId, attempt } = configurable;
  if (typeof runId !== "string" || typeof attempt !== "number") {
    throw new Error("a run with checkpoints has an id and an attempt");
  }
  return { runId, attempt, checkpoints: new RunCheckpoints(checkpoints, runId) };
}

function failed(error: Extract<GraphOutcome, { kind: "failed" }>["error"]): GraphOutcome {
  return { kind: "failed", error };
}
