import { describe, expect, it } from "vitest";
import type { AiEvent } from "../../src/ports/ai-event.ts";
import type {
  CompletionFn,
  CompletionRequest,
  CompletionUnit,
} from "../../src/ports/completion.ts";
import type {
  CheckpointStorage,
  GraphInvocation,
  GraphOutcome,
} from "../../src/ports/graph-runner.ts";
import { inProcTransport } from "../../src/transports/in-proc.ts";
import { aborted, factOf, requestWith } from "../conformance/fakes.ts";
import { describeGraphExecutor, drain, type Scenario } from "../conformance/graph-executor.ts";
import { sqliteStorage } from "../run/sqlite-storage.ts";
import { RecordingLog } from "../logs.ts";

const call: CompletionRequest = {
  model: "fake/model",
  messages: [{ role: "user", content: "hello" }],
  tools: [],
  nodeKey: "poet",
  checkpointNs: "poet:1",
};

/** One model call; `answers` at once, or `stalls` until its signal aborts and then reports what it used. */
function completion(kind: "answers" | "stalls", upstream: { open: number; started: number }) {
  return (_context: unknown, signal: AbortSignal): CompletionFn =>
    (request): CompletionUnit => {
      const outcome = Promise.withResolvers<Awaited<CompletionUnit["final"]>>();
      async function* stream(): AsyncGenerator<AiEvent> {
        upstream.started += 1;
        upstream.open += 1;
        try {
          yield {
            type: "text_delta",
            messageId: "msg_1",
            nodeKey: request.nodeKey,
            delta: "Hello",
          };
          if (kind === "stalls") await aborted(signal);
          yield { type: "usage_report", fact: factOf({ usageUnitId: `unit-${upstream.started}` }) };
        } finally {
          upstream.open -= 1;
          outcome.resolve({
            ok: false,
            requestId: "req",
            error: { code: "aborted", message: "stopped" },
            usage: null,
          });
        }
      }
      return { stream: stream(), final: outcome.promise };
    };
}

async function callModel({ completionFn, tokenSink }: GraphInvocation): Promise<void> {
  const unit = completionFn(call);
  for await (const event of unit.stream) await tokenSink(event);
  await unit.final;
}

const checkpoints: CheckpointStorage = sqliteStorage();

const answer: GraphOutcome = { kind: "final", messageId: "msg_1", content: "Hello" };
const failure = (code: "rate_limit" | "aborted"): GraphOutcome => ({
  kind: "failed",
  error: { code, message: "failed" },
});

function transport(
  kind: "answers" | "stalls",
  run: (invocation: GraphInvocation) => Promise<GraphOutcome>,
) {
  const upstream = { started: 0, open: 0 };
  const log = new RecordingLog();
  const executor = inProcTransport({
    runner: { run },
    hasGraph: (name) => name === "poet",
    completionFor: completion(kind, upstream),
    toolsFor: () => async () => ({ ok: true, result: { time: "now" } }),
    checkpoints,
    log,
  });
  return { executor, upstream, log };
}

const runs: Record<Scenario, (invocation: GraphInvocation) => Promise<GraphOutcome>> = {
  answers: async (invocation) => {
    await callModel(invocation);
    return answer;
  },
  asks: async (invocation) => {
    await callModel(invocation);
    return {
      kind: "interrupted",
      interrupts: [
        { interruptId: "q.0", value: "One?" },
        { interruptId: "r.0", value: "Two?" },
      ],
    };
  },
  fails: async () => failure("rate_limit"),
  stalls: async (invocation) => {
    await callModel(invocation);
    return failure("aborted");
  },
  throws: async () => {
    throw new Error("sk-secret in a prompt");
  },
};

describeGraphExecutor({
  name: "the in-process transport",
  passesUsageReports: true,
  questions: 2,
  make(scenario) {
    const { executor, upstream } = transport(
      scenario === "stalls" ? "stalls" : "answers",
      runs[scenario],
    );
    const stopping = new AbortController();
    return {
      executor,
      upstream,
      request: requestWith(stopping.signal),
      cancel: () => stopping.abort(),
    };
  },
});

const request = () => requestWith(new AbortController().signal);

describe("the in-process transport", () => {
  it("waits for calls that a failed graph left running, and reports their usage before the end", async () => {
    const { executor, upstream } = transport("stalls", async (invocation) => {
      void callModel(invocation);
      void callModel(invocation);
      await new Promise((resolve) => setImmediate(resolve));
      return failure("rate_limit");
    });
    const events = await drain(executor.runGraph(request()));
    expect(upstream).toEqual({ started: 2, open: 0 });
    expect(events.filter((event) => event.type === "usage_report")).toHaveLength(2);
    expect(events.slice(-2)).toMatchObject([
      { type: "error", code: "rate_limit" },
      { type: "done", status: "error", usage: { calls: 2, inputTokens: 20, outputTokens: 10 } },
    ]);
  });

  it("shows a tool call before and after it runs", async () => {
    const { executor } = transport("answers", async ({ toolExecFn }) => {
      await toolExecFn(
        { toolId: "core__current_time", toolCallId: "t1", messageId: "msg_1", args: {} },
        ["core__current_time"],
      );
      return answer;
    });
    const events = await drain(executor.runGraph(request()));
    expect(events.slice(1, 4)).toMatchObject([
      { type: "status", phase: "tool_use" },
      { type: "tool_call_start", toolCallId: "t1", toolName: "core__current_time" },
      { type: "tool_call_result", toolCallId: "t1", result: { time: "now" } },
    ]);
  });

  it("does not lose an event of a burst beyond its buffer", async () => {
    const { executor } = transport("answers", async ({ tokenSink }) => {
      for (let i = 0; i < 2_000; i++) {
        await tokenSink({ type: "text_delta", messageId: "m", nodeKey: "n", delta: `${i} ` });
      }
      return answer;
    });
    const events = await drain(executor.runGraph(request()));
    const text = events.map((event) => (event.type === "text_delta" ? event.delta : "")).join("");
    expect(text).toBe(Array.from({ length: 2_000 }, (_, i) => `${i} `).join(""));
  });

  it("answers an unknown graph with not_found", async () => {
    const { executor } = transport("answers", runs.answers);
    const asked = request();
    const run = executor.runGraph({
      ...asked,
      context: { ...asked.context, graphId: "langgraph:no" },
    });
    expect(await drain(run)).toMatchObject([
      { type: "error", code: "not_found" },
      { type: "done" },
    ]);
  });

  it("passes the run's checkpoints and the latest answer to the graph", async () => {
    let seen: GraphInvocation | null = null;
    const { executor } = transport("answers", async (invocation) => {
      seen = invocation;
      return answer;
    });
    const given = { interruptId: "q.0", value: { approved: true } };
    await drain(executor.runGraph({ ...request(), answer: given }));
    expect(seen).toMatchObject({ checkpoints, answer: given });
  });

  it("passes the server's model, run id and attempt, whatever the configurable says", async () => {
    let seen: unknown;
    const { executor } = transport("answers", async ({ configurable }) => {
      seen = configurable;
      return answer;
    });
    const asked = request();
    await drain(
      executor.runGraph({
        ...asked,
        configurable: { model: "client's", runId: "client's", attempt: 9, planner__model: "kept" },
      }),
    );
    expect(seen).toEqual({
      model: "fake/model",
      runId: asked.context.runId,
      attempt: 0,
      planner__model: "kept",
    });
  });
});
