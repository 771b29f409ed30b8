import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import type { ToolContext } from "../../src/ports/tools.ts";
import { toolCatalog, toolSpecs } from "../../src/tools/catalog.ts";
import { defineTool } from "../../src/tools/contract.ts";
import type { Tool, ToolResult } from "../../src/tools/contract.ts";
import { callOf, toolRun } from "./tool-run.ts";

function testTool(
  run: (context: ToolContext) => ToolResult<string> | Promise<ToolResult<string>>,
  output = z.string(),
): ReadonlyMap<string, Tool> {
  const tool = defineTool({
    id: "test__tool",
    description: "For tests.",
    input: z.strictObject({ word: z.string().max(5) }),
    output,
    timeoutMs: 1_000,
    run: (_args, context) => run(context),
  });
  return new Map([["test__tool", tool]]);
}

const call = callOf("test__tool", { word: "x" });
const allowed = ["test__tool"];

describe("policy", () => {
  it("never runs a tool outside of the allowlist", async () => {
    const ran = vi.fn<() => ToolResult<string>>(() => ({ ok: true, value: "" }));
    const { exec } = toolRun({ tools: testTool(ran) });
    expect(await exec(call, [])).toMatchObject({ ok: false, code: "policy_denied" });
    expect(await exec(call, ["test__tool2"])).toMatchObject({ ok: false, code: "policy_denied" });
    expect(ran).not.toHaveBeenCalled();
    expect(await exec(call, allowed)).toEqual({ ok: true, result: "" });
  });

  it("does not tell a denied tool from one that does not exist", async () => {
    const { exec } = toolRun();
    const denied = await exec(callOf("core__calculator", {}), []);
    expect(await exec(callOf("core__nothing", {}), [])).toEqual(denied);
  });

  it("says not_found for an allowed tool that does not exist", async () => {
    expect(await toolRun().call("core__nothing", {})).toMatchObject({ code: "not_found" });
  });
});

describe("arguments and results", () => {
  it.each([
    ["text that is not JSON", "{word:"],
    ["a missing field", {}],
    ["a field too many", { word: "x", other: 1 }],
    ["a wrong type", { word: 7 }],
    ["null", null],
  ])("are refused when the arguments are %s", async (_case, args) => {
    const ran = vi.fn<() => ToolResult<string>>(() => ({ ok: true, value: "" }));
    const { call: run } = toolRun({ tools: testTool(ran) });
    expect(await run("test__tool", args)).toMatchObject({ ok: false, code: "invalid_input" });
    expect(ran).not.toHaveBeenCalled();
  });

  it("are refused with a reason that names the field and stays short", async () => {
    const { call: run } = toolRun({ tools: testTool(() => ({ ok: true, value: "" })) });
    const outcome = await run("test__tool", { word: 7, ["k".repeat(5_000)]: 1 });
    expect(outcome).toMatchObject({ message: expect.stringContaining("word: ") });
    expect(JSON.stringify(outcome).length).toBeLessThan(700);
  });

  it("are refused when the result is not what the tool promises", async () => {
    const tools = testTool(() => ({ ok: true, value: "sk-secret" }), z.string().max(3));
    const outcome = await toolRun({ tools }).exec(call, allowed);
    expect(outcome).toMatchObject({ ok: false, code: "invalid_output" });
    expect(JSON.stringify(outcome)).not.toContain("sk-secret");
  });

  it("are refused when the result is too long for a conversation", async () => {
    const tools = testTool(() => ({ ok: true, value: "x".repeat(32_001) }));
    expect(await toolRun({ tools }).exec(call, allowed)).toMatchObject({ code: "invalid_output" });
  });
});

describe("a failing tool", () => {
  it("reaches the model as a neutral sentence and the log as a name", async () => {
    const tools = testTool(() => {
      throw new TypeError("key sk-secret refused");
    });
    const { exec, logged } = toolRun({ tools });
    const outcome = await exec(call, allowed);
    expect(outcome).toEqual({ ok: false, code: "failed", message: "The tool failed." });
    const ids = { runId: "run_1", requestId: "req_1", toolId: "test__tool" };
    expect(logged.find(({ event }) => event === "tool.threw")).toMatchObject({
      fields: { ...ids, bug: "TypeError" },
    });
    expect(JSON.stringify(logged)).not.toContain("sk-secret");
  });

  it("that rejects, with whatever it likes, does not reject the call", async () => {
    const tools = testTool(() => Promise.reject(Object.create(null) as Error));
    expect(await toolRun({ tools }).exec(call, allowed)).toMatchObject({ code: "failed" });
  });

  it("may say itself what is wrong", async () => {
    const tools = testTool(() => ({ ok: false, message: "No such town." }));
    const outcome = await toolRun({ tools }).exec(call, allowed);
    expect(outcome).toEqual({ ok: false, code: "failed", message: "No such town." });
  });
});

describe("time", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const never = (signals: AbortSignal[]) =>
    testTool(({ signal }) => {
      signals.push(signal);
      return new Promise(() => undefined);
    });

  it("ends a tool that takes too long, and tells it to stop", async () => {
    const signals: AbortSignal[] = [];
    const pending = toolRun({ tools: never(signals) }).exec(call, allowed);
    await vi.advanceTimersByTimeAsync(999);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await pending).toMatchObject({ ok: false, code: "timeout" });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it("leaves no timer behind a tool that ended", async () => {
    await toolRun({ tools: testTool(() => ({ ok: true, value: "" })) }).exec(call, allowed);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends with the run, for tools that run and for those not begun", async () => {
    const stop = new AbortController();
    const signals: AbortSignal[] = [];
    const { exec } = toolRun({ tools: never(signals), signal: stop.signal });
    const pending = exec(call, allowed);
    stop.abort();
    expect(await pending).toMatchObject({ ok: false, code: "failed" });
    expect(await exec(call, allowed)).toMatchObject({ ok: false, code: "failed" });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the idempotency key", () => {
  it("is the same when a call is repeated, another for another call, and not the ids themselves", async () => {
    const keys: string[] = [];
    const tools = testTool(({ idempotencyKey }) => {
      keys.push(idempotencyKey);
      return { ok: true, value: "" };
    });
    const { exec } = toolRun({ tools });
    await exec(call, allowed);
    await exec({ ...call }, allowed);
    await exec({ ...call, toolCallId: "call_2" }, allowed);
    await exec({ ...call, messageId: "msg_2" }, allowed);
    expect(keys[0]).toBe(keys[1]);
    expect(new Set(keys).size).toBe(3);
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("the catalog", () => {
  it("tells models of every tool under a name that all providers take", () => {
    expect(toolSpecs.map(({ id }) => id)).toEqual([...toolCatalog.keys()]);
    for (const { id, description, parameters } of toolSpecs) {
      expect(id).toMatch(/^[a-z]+__[a-z_]{1,50}$/);
      expect(description).not.toBe("");
      expect(parameters).toMatchObject({ type: "object", additionalProperties: false });
      expect(parameters).not.toHaveProperty("$schema");
    }
  });
});
