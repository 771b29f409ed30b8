import { describe, expect, it } from "vitest";
import { aggregate, executorTypes, splitGraphId } from "../../src/executor/aggregate.ts";
import { withPreflight } from "../../src/executor/with-preflight.ts";
import { requestWith, scriptedExecutor } from "../conformance/fakes.ts";
import { drain } from "../conformance/graph-executor.ts";
import { silentLog } from "../logs.ts";

const request = () => requestWith(new AbortController().signal);

describe("preflight", () => {
  it("does not call the inner executor at all without credit", async () => {
    let innerCalls = 0;
    const inner = {
      runGraph: (
        ...args: Parameters<ReturnType<typeof scriptedExecutor>["executor"]["runGraph"]>
      ) => {
        innerCalls += 1;
        return scriptedExecutor("answers").executor.runGraph(...args);
      },
    };
    const executor = withPreflight(inner, {
      checkCredit: async () => ({ code: "insufficient_credits", message: "Top up." }),
      log: silentLog,
    });
    const run = executor.runGraph(request());
    expect(await drain(run)).toMatchObject([
      { type: "error", code: "insufficient_credits" },
      { type: "done", status: "error" },
    ]);
    expect(innerCalls).toBe(0);
    expect(await run.final).toMatchObject({ ok: false, error: { code: "insufficient_credits" } });
  });
});

describe("the aggregator", () => {
  it("knows which kind of engine serves a graph", () => {
    const { executor } = scriptedExecutor("answers");
    const typeOf = executorTypes([{ prefix: "n8n", executorType: "n8n", executor }]);
    expect([typeOf("n8n:flow"), typeOf("langgraph:poet")]).toEqual(["n8n", null]);
  });

  it("splits a graph id at its first colon", () => {
    expect(splitGraphId("n8n:team:poet")).toEqual({ prefix: "n8n", graphName: "team:poet" });
    expect(splitGraphId("poet")).toEqual({ prefix: "", graphName: "poet" });
  });

  it.each(["nowhere:poet", "poet", ":poet"])(
    "answers %s with not_found and done",
    async (graphId) => {
      const inner = scriptedExecutor("answers");
      const executor = aggregate(
        [{ prefix: "langgraph", executorType: "inproc", executor: inner.executor }],
        silentLog,
      );
      const asked = request();
      const run = executor.runGraph({ ...asked, context: { ...asked.context, graphId } });
      expect(await drain(run)).toMatchObject([
        { type: "error", code: "not_found" },
        { type: "done", status: "error" },
      ]);
      expect(inner.upstream.started).toBe(0);
      expect(await run.final).toMatchObject({ ok: false });
    },
  );
});
