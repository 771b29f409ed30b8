import type { AiEvent } from "../../src/ports/ai-event.ts";
import type { GraphExecutorPort, GraphRunRequest } from "../../src/ports/graph-executor.ts";
import type { RunContext } from "../../src/ports/run-context.ts";
import type { UsageFact } from "../../src/ports/usage-fact.ts";
import type { Scenario, Subject } from "./graph-executor.ts";

export const context: RunContext = {
  runId: "run_00000000000000000000000001",
  attempt: 0,
  requestId: "req_00000000000000000000000001",
  graphId: "langgraph:poet",
  billingAccountId: "acct_00000000000000000000000001",
  virtualKeyId: "key_00000000000000000000000001",
  trigger: "chat",
};

export function factOf(change: Partial<UsageFact> = {}): UsageFact {
  return {
    runId: context.runId,
    attempt: 0,
    usageUnitId: "unit-1",
    source: "litellm",
    providerCallId: "chatcmpl-1",
    graphId: context.graphId,
    executorType: "inproc",
    billingAccountId: context.billingAccountId,
    virtualKeyId: context.virtualKeyId,
    requestId: context.requestId,
    trigger: context.trigger,
    provenance: "header",
    settlement: "final",
    provider: "fake",
    model: "fake/model",
    servedModel: null,
    inputTokens: 10,
    outputTokens: 5,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    costUsd: "0.000015",
    occurredAt: "2026-01-01T00:00:00.000Z",
    usageRaw: null,
    ...change,
  };
}

export function requestWith(signal: AbortSignal): GraphRunRequest {
  return {
    context,
    messages: [{ role: "user", content: "hello" }],
    model: "fake/model",
    configurable: {},
    toolIds: null,
    limits: { maxCalls: 5, maxCredits: 1_000, maxWallSeconds: 60, maxSteps: 20 },
    answer: null,
    signal,
  };
}

const usage = { calls: 1, inputTokens: 10, outputTokens: 5 };

/** An executor that plays a scenario, and goes on talking after its end, which a decorator must not let through. */
export function scriptedExecutor(scenario: Scenario, facts: readonly UsageFact[] = [factOf()]) {
  const upstream = { started: 0, open: 0 };

  async function* play({ signal }: GraphRunRequest): AsyncGenerator<AiEvent> {
    upstream.started += 1;
    upstream.open += 1;
    try {
      if (scenario === "throws") throw new Error("sk-secret in a prompt");
      if (scenario === "fails") {
        yield { type: "error", code: "rate_limit", message: "Too many." };
        yield { type: "done", status: "error", usage };
        return;
      }
      yield { type: "text_delta", messageId: "msg_1", nodeKey: "poet", delta: "Hello" };
      if (scenario === "stalls") {
        await aborted(signal);
        yield { type: "error", code: "aborted", message: "The run was stopped." };
        yield { type: "done", status: "cancelled", usage };
        return;
      }
      for (const fact of facts) yield { type: "usage_report", fact };
      if (scenario === "asks") {
        yield { type: "interrupt", interruptId: "q.0", value: { question: "One?" } };
        yield { type: "interrupt", interruptId: "r.0", value: { question: "Two?" } };
      }
      yield { type: "assistant_final", messageId: "msg_1", content: "Hello" };
      yield { type: "done", status: "success", usage };
      yield { type: "text_delta", messageId: "msg_1", nodeKey: "poet", delta: "after the end" };
    } finally {
      upstream.open -= 1;
    }
  }

  const executor: GraphExecutorPort = {
    runGraph: (request) => ({ stream: play(request), final: new Promise(() => {}) }),
  };
  return { executor, upstream };
}

/** A subject made of a decorator around the scripted executor. */
export function decorated(
  scenario: Scenario,
  decorate: (inner: GraphExecutorPort) => GraphExecutorPort,
): Subject {
  const { executor, upstream } = scriptedExecutor(scenario);
  const stopping = new AbortController();
  return {
    executor: decorate(executor),
    request: requestWith(stopping.signal),
    cancel: () => stopping.abort(),
    upstream,
  };
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
