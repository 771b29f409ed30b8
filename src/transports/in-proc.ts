import type { Log } from "../base/log.ts";
import { splitGraphId } from "../executor/aggregate.ts";
import { EventQueue } from "../executor/event-queue.ts";
import { createRun, noUsage, refusal } from "../executor/run-result.ts";
import type { AiEvent, RunUsage } from "../ports/ai-event.ts";
import type { CompletionFn } from "../ports/completion.ts";
import type { GraphExecutorPort, GraphRunRequest } from "../ports/graph-executor.ts";
import type { CheckpointStorage, GraphOutcome, GraphRunner } from "../ports/graph-runner.ts";
import type { RunContext } from "../ports/run-context.ts";
import type { ToolExecFn } from "../ports/tools.ts";

export interface InProcDeps {
  runner: GraphRunner;
  hasGraph: (graphName: string) => boolean;
  /** One model call of this run; the signal is aborted when the run stops for any reason. */
  completionFor: (context: RunContext, signal: AbortSignal) => CompletionFn;
  toolsFor: (context: RunContext, signal: AbortSignal) => ToolExecFn;
  /** The run's own; null runs graphs in memory, where they can be neither interrupted nor gone on with. */
  checkpoints: CheckpointStorage | null;
  log: Log;
}

/**
 * Runs graphs inside the Worker. The graph pushes, the port is pulled: one bounded queue lies between. The run ends only
 * when every completion it started has ended too: a graph that rejects leaves its parallel nodes running, and their
 * usage must be reported before the end.
 */
export function inProcTransport(deps: InProcDeps): GraphExecutorPort {
  async function* drive(request: GraphRunRequest): AsyncGenerator<AiEvent> {
    const { context } = request;
    const { graphName } = splitGraphId(context.graphId);
    if (!deps.hasGraph(graphName)) {
      yield* refusal({
        code: "not_found",
        message: "There is no such graph. GET /api/v1/ai/agents lists the graphs.",
      });
      return;
    }
    const stopping = new AbortController();
    const signal = AbortSignal.any([request.signal, stopping.signal]);
    const queue = new EventQueue();
    const calls = new Set<Promise<unknown>>();
    const usage = { ...noUsage };

    const complete = deps.completionFor(context, signal);
    const runTool = deps.toolsFor(context, signal);
    const running = deps.runner
      .run({
        graphName,
        messages: request.messages,
        checkpoints: deps.checkpoints,
        answer: request.answer,
        configurable: {
          ...request.configurable,
          model: request.model,
          runId: context.runId,
          attempt: context.attempt,
          ...(request.toolIds === null ? {} : { toolIds: [...request.toolIds] }),
        },
        maxSteps: request.limits.maxSteps,
        signal,
        completionFn: (call) => {
          const unit = complete(call);
          calls.add(unit.final);
          return unit;
        },
        tokenSink: (event) => queue.push(event),
        toolExecFn: async (call, allowed) => {
          const { toolCallId, messageId } = call;
          await queue.push({ type: "status", phase: "tool_use", label: call.toolId });
          await queue.push({
            type: "tool_call_start",
            toolCallId,
            messageId,
            toolName: call.toolId,
            args: call.args,
          });
          const outcome = await runTool(call, allowed);
          await queue.push({
            type: "tool_call_result",
            toolCallId,
            messageId,
            ...(outcome.ok
              ? { result: outcome.result }
              : { result: { code: outcome.code, message: outcome.message }, isError: true }),
          });
          return outcome;
        },
      })
      .then(async (outcome) => {
        stopping.abort();
        await Promise.all(calls);
        return outcome;
      })
      .finally(() => queue.close());

    try {
      yield { type: "status", phase: "thinking" };
      for await (const event of queue.read()) {
        if (event.type === "usage_report") addUsage(usage, event);
        yield event;
      }
      yield* ending(await running, usage, request.signal.aborted);
    } finally {
      stopping.abort();
      queue.close();
      await running;
    }
  }

  return { runGraph: (request) => createRun(request, drive, deps.log) };
}

function addUsage(usage: RunUsage, { fact }: Extract<AiEvent, { type: "usage_report" }>): void {
  usage.calls += 1;
  usage.inputTokens += fact.inputTokens;
  usage.outputTokens += fact.outputTokens;
}

function* ending(outcome: GraphOutcome, usage: RunUsage, isCancelled: boolean): Generator<AiEvent> {
  if (outcome.kind === "interrupted") {
    for (const { interruptId, value } of outcome.interrupts) {
      yield { type: "interrupt", interruptId, value };
    }
    return;
  }
  if (outcome.kind === "final") {
    const { messageId, content, finishReason } = outcome;
    yield { type: "assistant_final", messageId, content };
    const finish = finishReason === undefined ? {} : { finishReason };
    yield { type: "done", status: "success", usage, ...finish };
    return;
  }
  if (isCancelled) {
    yield { type: "error", code: "aborted", message: "The run was stopped." };
    yield { type: "done", status: "cancelled", usage };
    return;
  }
  yield { type: "error", ...outcome.error };
  yield { type: "done", status: "error", usage };
}
