import { describe, expect, it } from "vitest";
import { withBilling } from "../../src/executor/with-billing.ts";
import type { ExecutorType, UsageFact } from "../../src/ports/usage-fact.ts";
import { factOf, requestWith, scriptedExecutor } from "../conformance/fakes.ts";
import { drain, type Scenario } from "../conformance/graph-executor.ts";
import { RecordingLog } from "../logs.ts";

function billing(
  facts: readonly UsageFact[],
  executorType: ExecutorType = "inproc",
  scenario: Scenario = "answers",
) {
  const committed: UsageFact[] = [];
  const log = new RecordingLog();
  let release = () => {};
  const gate = { isShut: false };
  const executor = withBilling(scriptedExecutor(scenario, facts).executor, {
    commit: async (fact) => {
      if (gate.isShut) await new Promise<void>((resolve) => (release = resolve));
      committed.push(fact);
    },
    executorTypeOf: () => executorType,
    clock: { now: () => 0 },
    log,
  });
  const run = () => executor.runGraph(requestWith(new AbortController().signal));
  return { run, committed, log, gate, release: () => release() };
}

describe("the billing decorator", () => {
  it("commits every usage report and shows none of them", async () => {
    const facts = [factOf(), factOf({ usageUnitId: "unit-2" })];
    const { run, committed } = billing(facts);
    const events = await drain(run());
    expect(committed).toEqual(facts);
    expect(events.some((event) => event.type === "usage_report")).toBe(false);
  });

  it.each([
    ["end", "answers", "done"],
    ["first question", "asks", "interrupt"],
  ] as const)("holds the %s back until the fact is durable", async (_end, scenario, last) => {
    const { run, gate, release, committed } = billing([factOf()], "inproc", scenario);
    gate.isShut = true;
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of run().stream) seen.push(event.type);
    })();
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual(["text_delta"]);
    expect(committed).toEqual([]);
    release();
    await reading;
    expect(seen.at(-1)).toBe(last);
  });

  it("asks nobody on behalf of a run whose usage could not be billed", async () => {
    const { run } = billing([factOf({ inputTokens: -1 })], "inproc", "asks");
    const types = (await drain(run())).map((event) => event.type);
    expect(types).toEqual(["text_delta", "error", "done"]);
  });

  it("bills a zero cost like any other", async () => {
    const { run, committed } = billing([factOf({ costUsd: "0", inputTokens: 0, outputTokens: 0 })]);
    await drain(run());
    expect(committed).toHaveLength(1);
  });

  it("ends the run as internal when the commit fails, and never as success", async () => {
    const executor = withBilling(scriptedExecutor("answers").executor, {
      commit: () => Promise.reject(new Error("storage is gone")),
      executorTypeOf: () => "inproc",
      clock: { now: () => 0 },
      log: new RecordingLog(),
    });
    const events = await drain(executor.runGraph(requestWith(new AbortController().signal)));
    expect(events.at(-1)).toMatchObject({ type: "done", status: "error" });
  });

  const bad: [string, Partial<UsageFact>][] = [
    ["a negative count", { inputTokens: -1 }],
    ["a fractional count", { outputTokens: 0.5 }],
    ["a count beyond 2^53", { outputTokens: 2 ** 53 }],
    ["NaN", { inputTokens: Number.NaN }],
    ["a string count", { inputTokens: "12" as unknown as number }],
    ["a graph id without provider", { graphId: "poet" }],
    ["an empty unit id", { usageUnitId: "" }],
    ["a cost that is not exact text", { costUsd: "1e-7" }],
    ["a negative cost", { costUsd: "-1" }],
    ["another run's id", { runId: "run_other" }],
    ["another account", { billingAccountId: "acct_other" }],
  ];
  it.each(bad)(
    "fails a trusted run that reports %s, and leaves an unknown receipt",
    async (_name, change) => {
      const { run, committed, log } = billing([factOf(change), factOf({ usageUnitId: "good" })]);
      const events = await drain(run());
      expect(events.slice(-2)).toMatchObject([
        { type: "error", code: "internal" },
        { type: "done", status: "error" },
      ]);
      expect(events.some((event) => event.type === "assistant_final")).toBe(false);
      expect(committed).toMatchObject([
        { settlement: "unknown", costUsd: "0", runId: factOf().runId },
        { usageUnitId: "good", settlement: "final" },
      ]);
      expect(log.lines).toMatchObject([{ event: "billing.invalid_usage_fact", level: "error" }]);
    },
  );

  it("refuses a fact of a foreign executor type", async () => {
    const { run, committed, log } = billing([factOf({ executorType: "n8n" })]);
    expect((await drain(run())).at(-1)).toMatchObject({ status: "error" });
    expect(committed).toEqual([]);
    expect(log.lines).toMatchObject([{ event: "billing.foreign_executor_type" }]);
  });

  it("bills nothing on an external engine's word, and lets its run go on", async () => {
    const { run, committed, log } = billing([factOf({ executorType: "n8n" })], "n8n");
    expect((await drain(run())).at(-1)).toMatchObject({ status: "success" });
    expect(committed).toEqual([]);
    expect(log.lines).toMatchObject([{ event: "billing.deferred_to_reconciliation" }]);
  });
});
