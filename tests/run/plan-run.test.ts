import { describe, expect, it } from "vitest";
import { createModelCatalog } from "../../src/completion/models.ts";
import type { GraphDescriptor } from "../../src/ports/graph-catalog.ts";
import type { JsonObject } from "../../src/ports/json.ts";
import { planRun, type RunWish } from "../../src/run/plan-run.ts";
import { context } from "../conformance/fakes.ts";

const research: GraphDescriptor = {
  name: "research",
  title: "Research",
  description: "",
  toolIds: [],
  nodeKeys: ["planner", "worker", "writer"],
  interrupts: false,
};
const catalogs = {
  graphs: new Map([["langgraph:research", research]]),
  models: createModelCatalog(null, false),
};

function wish(change: Partial<RunWish> = {}): RunWish {
  return {
    context: { ...context, graphId: "langgraph:research" },
    messages: [{ role: "user", content: "bees" }],
    threadId: null,
    threadTitle: "bees",
    model: null,
    configurable: {},
    toolIds: null,
    limits: {},
    scheduleId: null,
    scheduledFor: null,
    ...change,
  };
}

function planned(change: Partial<RunWish> = {}) {
  const plan = planRun(wish(change), catalogs);
  if (!plan.ok) throw new Error(plan.message);
  return plan.start;
}

describe("planning a run", () => {
  it("fills in the default model and limits, and makes a new thread", () => {
    expect(planned()).toMatchObject({
      model: "demo/small",
      limits: { maxCalls: 50, maxSteps: 50 },
      isNewThread: true,
    });
    expect(planned().threadId).toMatch(/^thr_/);
  });

  it.each(["langgraph:nothing", "nowhere:research", "research"])(
    "does not know the graph %s",
    (graphId) => {
      const plan = planRun(wish({ context: { ...context, graphId } }), catalogs);
      expect(plan).toMatchObject({ ok: false, code: "not_found" });
    },
  );

  it("refuses a model that is not in the catalog", () => {
    const plan = planRun(wish({ model: "nobody/knows" }), catalogs);
    expect(plan).toMatchObject({ ok: false, code: "invalid_request", path: "model" });
  });

  it("drops what only the server may say, and what steers checkpoints", () => {
    const configurable: JsonObject = {
      runId: "run_mine",
      user: "me",
      billingAccountId: "acct_theirs",
      attempt: 7,
      model: "x",
      toolIds: ["x"],
      thread_id: "t",
      checkpoint_ns: "c",
      __pregel_x: 1,
      planner__model: "demo/large",
      style: "short",
    };
    expect(planned({ configurable }).configurable).toEqual({
      planner__model: "demo/large",
      style: "short",
    });
  });

  const wrongOverrides: [string, JsonObject][] = [
    ["a node that the graph does not have", { poet__model: "demo/large" }],
    ["an unknown model", { planner__model: "nobody/knows" }],
    ["a model that is no text", { planner__model: 7 }],
    ["tool ids that are no list", { worker__toolIds: "core__calculator" }],
  ];
  it.each(wrongOverrides)("refuses an override with %s", (_name, configurable) => {
    expect(planRun(wish({ configurable }), catalogs)).toMatchObject({ code: "invalid_request" });
  });

  it("hashes what the request means, and nothing that differs between honest repeats", () => {
    const hash = planned().requestHash;
    const repeated = wish({
      context: { ...wish().context, requestId: "req_other", runId: "run_2" },
    });
    const again = planRun(repeated, catalogs);
    expect(again.ok && again.start.requestHash).toBe(hash);
    const changes: Partial<RunWish>[] = [
      { messages: [{ role: "user", content: "wasps" }] },
      { model: "demo/large" },
      { threadId: "thr_1" },
      { limits: { maxCalls: 1 } },
      { toolIds: [] },
      { configurable: { planner__model: "demo/large" } },
    ];
    const hashes = changes.map((change) => planned(change).requestHash);
    expect(new Set([hash, ...hashes]).size).toBe(changes.length + 1);
  });

  it("shortens a title to one line without cutting a character in two", () => {
    const { threadTitle } = planned({ threadTitle: `a\n b ${"😀".repeat(100)}` });
    expect([...threadTitle]).toHaveLength(80);
    expect(threadTitle.startsWith("a b 😀")).toBe(true);
    expect(threadTitle.isWellFormed()).toBe(true);
  });
});
