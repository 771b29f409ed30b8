import { END, interrupt, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { afterEach, describe, expect, it, vi } from "vitest";
import { executionContext } from "../../graphs/runtime/execution-context.ts";
import type { CompiledGraph, GraphFactory } from "../../graphs/runtime/kit.ts";
import { createGraphRunner } from "../../graphs/runtime/run-graph.ts";
import type { AiEvent } from "../../src/ports/ai-event.ts";
import { toolSpecs } from "../../src/tools/catalog.ts";
import { sqliteStorage } from "../run/sqlite-storage.ts";
import { deltasOf, scripted, toolCall } from "./scripted.ts";

const runner = createGraphRunner({ toolSpecs });

function runnerOf(factory: GraphFactory) {
  return createGraphRunner({ toolSpecs, factories: new Map([["test", factory]]) });
}

/** A graph of one node that runs `work`, then answers. */
function oneNode(work: () => unknown): GraphFactory {
  return (kit) => {
    const model = kit.model("test");
    return new StateGraph(MessagesAnnotation)
      .addNode("test", async ({ messages }, config) => {
        await work();
        return { messages: [await model.invoke(messages, config)] };
      })
      .addEdge(START, "test")
      .addEdge("test", END)
      .compile(kit.checkpointing);
  };
}

describe("an outcome", () => {
  it("is not_found for a graph that does not exist", async () => {
    const outcome = await runner.run(scripted(() => ({})).invocation("nothing"));
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "not_found" } });
  });

  it("carries the error of the model call that failed", async () => {
    const error = { code: "insufficient_credits", message: "Top up." } as const;
    const outcome = await runner.run(scripted(() => ({ error })).invocation("poet"));
    expect(outcome).toEqual({ kind: "failed", error });
  });

  it("comes when one of several parallel calls fails, while the others still run", async () => {
    const error = { code: "rate_limit", message: "Slow down." } as const;
    const rest = Promise.withResolvers<void>();
    const run = scripted(async ({ nodeKey, messages }) => {
      if (nodeKey === "planner") return { text: "- bad\n- good\n- fine" };
      if (messages.at(-1)?.content === "bad") return { error };
      await rest.promise;
      return { error: { code: "aborted", message: "Stopped." } };
    });
    expect(await runner.run(run.invocation("research"))).toEqual({ kind: "failed", error });
    rest.resolve();
  });

  it("is the reason, not its consequence, when parallel calls fail together", async () => {
    const run = scripted(({ nodeKey, messages }) => {
      if (nodeKey === "planner") return { text: "- one\n- two" };
      const isFirst = messages.at(-1)?.content === "one";
      return isFirst
        ? { error: { code: "aborted", message: "Stopped." } }
        : { error: { code: "provider_unavailable", message: "Down." } };
    });
    const outcome = await runner.run(run.invocation("research"));
    expect(outcome).toMatchObject({ error: { code: "provider_unavailable" } });
  });

  it("is aborted at once when the run is stopped in the middle of a call", async () => {
    const stop = new AbortController();
    const rest = Promise.withResolvers<void>();
    const run = scripted(async () => {
      stop.abort(new Error("a reason with a secret"));
      await rest.promise;
      return { error: { code: "aborted", message: "Cut." } };
    });
    const outcome = await runner.run(run.invocation("poet", { signal: stop.signal }));
    expect(outcome).toEqual({
      kind: "failed",
      error: { code: "aborted", message: "The run was stopped." },
    });
    rest.resolve();
  });

  it("is aborted without a call when the run was stopped before it began", async () => {
    const run = scripted(() => ({}));
    const outcome = await runner.run(run.invocation("poet", { signal: AbortSignal.abort() }));
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "aborted" } });
    expect(run.requests).toEqual([]);
  });

  it("names the limit when a tool loop does not end", async () => {
    const run = scripted(() => ({ toolCalls: [toolCall("call_0", "core__current_time", "{}")] }));
    const outcome = await runner.run(run.invocation("assistant", { maxSteps: 6 }));
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "invalid_request" } });
    expect(outcome).toMatchObject({ error: { message: expect.stringContaining("maxSteps") } });
    expect(run.requests).toHaveLength(3);
    const ids = run.toolCalls.map(({ call }) => call.toolCallId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each([
    ["throws", oneNode(() => Promise.reject(new Error("key sk-secret in prompt")))],
    [
      "cannot be built",
      () => {
        throw new Error("sk-secret");
      },
    ],
  ] satisfies [string, GraphFactory][])(
    "is internal and says nothing when a graph %s",
    async (_case, factory) => {
      const outcome = await runnerOf(factory).run(scripted(() => ({})).invocation("test"));
      expect(outcome).toEqual({
        kind: "failed",
        error: { code: "internal", message: expect.stringMatching(/^The graph failed\. [^:]+$/) },
      });
    },
  );

  it("tells the operator of an internal error and whose run it was", async () => {
    const told: unknown[] = [];
    const error = new TypeError("sk-secret");
    const failing = createGraphRunner({
      toolSpecs,
      factories: new Map([["test", oneNode(() => Promise.reject(error))]]),
      onInternalError: (...args) => void told.push(args),
    });
    const invocation = scripted(() => ({})).invocation("test");
    const configurable = { ...invocation.configurable, runId: "run_1" };
    await failing.run({ ...invocation, configurable });
    expect(told).toEqual([[error, "run_1"]]);
  });

  it("is internal when a graph ends without an answer", async () => {
    const silent: GraphFactory = () =>
      new StateGraph(MessagesAnnotation)
        .addNode("silent", () => ({}))
        .addEdge(START, "silent")
        .addEdge("silent", END)
        .compile();
    const outcome = await runnerOf(silent).run(scripted(() => ({})).invocation("test"));
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "internal" } });
  });

  it("is internal when a graph asks a person and has no checkpoints to wait in", async () => {
    const asking = runnerOf(oneNode(() => interrupt("May I?")));
    const outcome = await asking.run(scripted(() => ({})).invocation("test"));
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "internal" } });
  });

  it("is internal when the token sink throws, and the call's stream is closed", async () => {
    const run = scripted(() => ({ text: "one two" }));
    const outcome = await runner.run(
      run.invocation("poet", {
        tokenSink: () => {
          throw new Error("sink");
        },
      }),
    );
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "internal" } });
  });
});

describe("the invocation of a graph", () => {
  function recordConfig(): { factory: GraphFactory; configs: Record<string, unknown>[] } {
    const configs: Record<string, unknown>[] = [];
    const factory: GraphFactory = (kit) => {
      const graph = oneNode(() => undefined)(kit);
      return {
        invoke: (input, config) => {
          configs.push({ ...config });
          return graph.invoke(input, config);
        },
      } satisfies CompiledGraph;
    };
    return { factory, configs };
  }

  it("keeps every step before the next begins when there are checkpoints", async () => {
    const { factory, configs } = recordConfig();
    const run = scripted(() => ({ text: "x" }));
    const checkpoints = sqliteStorage();
    await runnerOf(factory).run(run.invocation("test", { maxSteps: 9, checkpoints }));
    expect(configs[0]).toMatchObject({
      durability: "sync",
      recursionLimit: 9,
      configurable: { thread_id: "run_1", model: "demo/small", attempt: 0 },
    });
  });

  it("hands on the configurable as it is when there are none", async () => {
    const { factory, configs } = recordConfig();
    const run = scripted(() => ({ text: "x" }));
    const invocation = run.invocation("test");
    await runnerOf(factory).run(invocation);
    expect(configs[0]?.["configurable"]).toEqual(invocation.configurable);
    expect(configs[0]).not.toHaveProperty("durability");
  });

  it("has JSON for its configurable, with checkpoints too", async () => {
    const { factory, configs } = recordConfig();
    const run = scripted(() => ({ text: "x" }));
    await runnerOf(factory).run(run.invocation("test", { checkpoints: sqliteStorage() }));
    const configurable = configs[0]?.["configurable"];
    expect(JSON.parse(JSON.stringify(configurable))).toEqual(configurable);
  });
});

describe("the execution context", () => {
  it("holds the three functions and nothing else", async () => {
    let fields: string[] = [];
    const peeking = runnerOf(oneNode(() => (fields = Object.keys(executionContext()))));
    await peeking.run(scripted(() => ({ text: "x" })).invocation("test"));
    expect(fields.toSorted()).toEqual(["completionFn", "tokenSink", "toolExecFn"]);
  });

  it("does not exist outside of a run", async () => {
    await runner.run(scripted(() => ({ text: "x" })).invocation("poet"));
    expect(() => executionContext()).toThrow(/no run/);
  });

  it("of two runs at once does not mix", async () => {
    const bothAsked = Promise.withResolvers<void>();
    let asked = 0;
    const runOf = (name: string) =>
      scripted(async ({ nodeKey }) => {
        asked += 1;
        if (asked === 2) bothAsked.resolve();
        await bothAsked.promise;
        return { text: nodeKey === "planner" ? `- ${name} 1\n- ${name} 2` : name };
      });
    const [left, right] = [runOf("left"), runOf("right")];
    const [leftOutcome, rightOutcome] = await Promise.all([
      runner.run(left.invocation("research", { configurable: { model: "left-model" } })),
      runner.run(right.invocation("research", { configurable: { model: "right-model" } })),
    ]);
    expect(leftOutcome).toMatchObject({ content: "left" });
    expect(rightOutcome).toMatchObject({ content: "right" });
    expect(left.requests.map(({ model }) => model)).toEqual(Array(4).fill("left-model"));
    expect(deltasOf(left.events, "worker")).toBe("leftleft");
    expect(deltasOf(right.events, "worker")).toBe("rightright");
  });
});

describe("tokens", () => {
  it("wait for a slow sink, and arrive in order", async () => {
    const events: AiEvent[] = [];
    const run = scripted(() => ({ text: "one two three" }));
    await runner.run(
      run.invocation("poet", {
        tokenSink: async (event) => {
          await new Promise((resolve) => setImmediate(resolve));
          events.push(event);
        },
      }),
    );
    expect(deltasOf(events, "poet")).toBe("one two three");
  });
});

describe("tracing", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
  });

  it("stays off, whatever the environment says", async () => {
    const fetched = vi.fn<typeof fetch>(() => Promise.reject(new Error("no network")));
    vi.stubGlobal("fetch", fetched);
    for (const vendor of ["LANGSMITH", "LANGCHAIN"]) {
      for (const option of ["TRACING", "TRACING_V2", "VERBOSE"]) {
        vi.stubEnv(`${vendor}_${option}`, "true");
      }
    }
    const printed = vi.spyOn(console, "log");
    vi.stubEnv("LANGSMITH_API_KEY", "key");
    const { LangChainTracer } = await import("@langchain/core/tracers/tracer_langchain");
    const onStart = vi.spyOn(LangChainTracer.prototype, "onRunCreate");
    const run = scripted((_request, callIndex) =>
      callIndex === 0
        ? { toolCalls: [toolCall("a", "core__current_time", "{}")] }
        : { text: "private" },
    );
    await runner.run(run.invocation("assistant"));
    expect(run.toolCalls).toHaveLength(1);
    expect(onStart).not.toHaveBeenCalled();
    expect(printed).not.toHaveBeenCalled();
    expect(fetched).not.toHaveBeenCalled();
  });
});
