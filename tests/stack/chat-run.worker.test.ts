import { describe, expect, it } from "vitest";
import {
  call,
  expectBilledOnce,
  gatewayCalls,
  json,
  newAccount,
  readRun,
  startRun,
  watch,
} from "./product.ts";

describe("a run over the API", () => {
  it("streams numbered events in order and settles", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, { message: "[[tokens:20]]" });
    const viewer = await watch(as, runId);
    const settled = await viewer.settled();
    expect(await viewer.closed).toMatchObject({ code: 1000 });
    expect(viewer.frames[0]).toMatchObject({ kind: "hello", protocol: 1, runId, attempt: 0 });
    expect(viewer.events.map(({ seq }) => seq)).toEqual(viewer.events.map((_, index) => index + 1));
    const types = viewer.events.map(({ event }) => event.type);
    expect(types[0]).toBe("run_started");
    expect(types.slice(-3)).toEqual(["cost", "assistant_final", "done"]);
    expect(JSON.stringify(viewer.frames)).not.toContain("usage_report");
    const { charged } = await expectBilledOnce(as, runId);
    expect(settled).toMatchObject({
      chargedCredits: charged,
      receipts: 1,
      books: { closed: true },
    });
    const run = await readRun(as, runId);
    expect(run).toMatchObject({
      status: "success",
      output: viewer.text,
      chargedCredits: charged,
      billing: "settled",
      trigger: "api",
    });
  });

  it.each([
    ["langgraph:poet", 1],
    ["langgraph:ponderer", 3],
    ["langgraph:assistant", 1],
  ])("bills each call of %s once, by the gateway's own count", async (graphId, calls) => {
    const as = await newAccount();
    const { runId } = await startRun(as, { graphId, message: "think about bees" });
    await (await watch(as, runId)).settled();
    const { receipts, answered } = await expectBilledOnce(as, runId);
    expect(answered).toHaveLength(calls);
    expect(receipts).toHaveLength(calls);
    expect(await readRun(as, runId)).toMatchObject({ status: "success", usage: { calls } });
  });

  it("runs the parallel workers of research, each billed", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, { graphId: "langgraph:research", message: "bees" });
    await (await watch(as, runId)).settled();
    const { receipts, answered } = await expectBilledOnce(as, runId);
    expect(answered.length).toBeGreaterThanOrEqual(3);
    expect(receipts).toHaveLength(answered.length);
  });

  it("sends an override of the planner's model to the planner's call and to no other", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, {
      graphId: "langgraph:research",
      message: "bees",
      configurable: { planner__model: "fake/other" },
    });
    await (await watch(as, runId)).settled();
    const models = (await gatewayCalls(runId)).map((entry) => entry.model);
    expect(models[0]).toBe("fake/other");
    expect(models.slice(1).every((model) => model === "fake/model")).toBe(true);
    expect(models.length).toBeGreaterThan(1);
  });

  it("calls tools and goes on", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, {
      graphId: "langgraph:assistant",
      message: '[[tool:core__calculator {"expression":"6*7"}]]',
    });
    const viewer = await watch(as, runId);
    await viewer.settled();
    const result = viewer.events.find(({ event }) => event.type === "tool_call_result");
    expect(JSON.stringify(result)).toContain("42");
    const { answered } = await expectBilledOnce(as, runId);
    expect(answered).toHaveLength(2);
  });

  it("answers the same Idempotency-Key with the same run, and another body with a conflict", async () => {
    const as = await newAccount();
    const headers = { "idempotency-key": "once" };
    const body = { graphId: "langgraph:poet", message: "hello" };
    const first = await call("POST", "/api/v1/ai/runs", { as, body, headers });
    const again = await call("POST", "/api/v1/ai/runs", { as, body, headers });
    expect([first.status, again.status]).toEqual([201, 200]);
    const { runId } = await json<{ runId: string }>(first);
    expect(await json(again)).toMatchObject({ runId });
    const other = { ...body, message: "other" };
    const conflict = await call("POST", "/api/v1/ai/runs", { as, body: other, headers });
    expect(conflict.status).toBe(409);
    expect(await json(conflict)).toMatchObject({ error: { code: "idempotency_conflict" } });
    await (await watch(as, runId)).settled();
    expect(await gatewayCalls(runId)).toHaveLength(1);
  });

  it("refuses a run without credit, and writes nothing upstream", async () => {
    const as = await newAccount(0);
    const body = { graphId: "langgraph:poet", message: "hello" };
    const refused = await call("POST", "/api/v1/ai/runs", { as, body });
    expect(refused.status).toBe(402);
    expect(await json(refused)).toMatchObject({ error: { code: "insufficient_credits" } });
    const { items } = await json<{ items: unknown[] }>(
      await call("GET", "/api/v1/ai/runs", { as }),
    );
    expect(items).toEqual([]);
  });

  it("ends with insufficient_credits when the credit runs out later in the run", async () => {
    const as = await newAccount(120_000);
    const { runId } = await startRun(as, {
      graphId: "langgraph:assistant",
      message: '[[loop:core__calculator {"expression":"1+1"}]] [[tokens:900]]',
    });
    await (await watch(as, runId)).settled();
    const run = await readRun(as, runId);
    expect(run).toMatchObject({ status: "error", errorCode: "insufficient_credits" });
    const { answered, charged } = await expectBilledOnce(as, runId, 120_000);
    expect(answered.length).toBeGreaterThan(0);
    expect(charged).toBeLessThanOrEqual(120_000);
  });

  it("keeps the history of a thread, and shows it to the graph", async () => {
    const as = await newAccount();
    const first = await startRun(as, { message: "my name is Ada" });
    await (await watch(as, first.runId)).settled();
    const second = await startRun(as, { message: "what is my name?", threadId: first.threadId });
    await (await watch(as, second.runId)).settled();
    const [sent] = await gatewayCalls(second.runId);
    expect(JSON.stringify(sent?.body.messages)).toContain("my name is Ada");
    const thread = await json<{ messages: { role: string }[] }>(
      await call("GET", `/api/v1/ai/threads/${first.threadId}`, { as }),
    );
    expect(thread.messages.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "user",
      "assistant",
    ]);
  });

  it("refuses a second run on a thread whose last run is still active", async () => {
    const as = await newAccount();
    const { runId, threadId } = await startRun(as, { message: "[[stall:2]]" });
    const body = { graphId: "langgraph:poet", message: "hello", threadId };
    const refused = await call("POST", "/api/v1/ai/runs", { as, body });
    expect(refused.status).toBe(409);
    expect(await json(refused)).toMatchObject({ error: { code: "conflict" } });
    expect((await call("POST", `/api/v1/ai/runs/${runId}/cancel`, { as })).status).toBe(202);
    await (await watch(as, runId)).settled();
  });
});
