import { describe, expect, it } from "vitest";
import { createGraphRunner } from "../../graphs/runtime/run-graph.ts";
import type { CheckpointStorage, GraphInvocation } from "../../src/ports/graph-runner.ts";
import { sqliteStorage } from "../run/sqlite-storage.ts";
import { copyStorage } from "./copy-storage.ts";
import { forever } from "./journaled.ts";
import { scripted } from "./scripted.ts";
import type { Script } from "./scripted.ts";
import { chain } from "./step-graphs.ts";

const runner = createGraphRunner({
  toolSpecs: [],
  factories: new Map([
    ["test", chain(6)],
    ["long", chain(20)],
  ]),
});

const words: Script = ({ nodeKey }) => ({ messageId: nodeKey, text: nodeKey });
const rateLimit = { code: "rate_limit", message: "Slow down." } as const;

/** Fails, or dies, at one step. */
const until =
  (step: string, what: () => ReturnType<Script>): Script =>
  (request, callIndex) =>
    request.nodeKey === step ? what() : words(request, callIndex);

async function invoke(script: Script, more: Partial<GraphInvocation>) {
  const run = scripted(script);
  const outcome = await runner.run(run.invocation(more.graphName ?? "test", more));
  return { outcome, called: run.requests.map(({ nodeKey }) => nodeKey) };
}

/** What is left of a run that died at a step. */
async function deadAt(step: string, more: Partial<GraphInvocation> = {}) {
  const checkpoints = more.checkpoints ?? sqliteStorage();
  const died = Promise.withResolvers<CheckpointStorage>();
  const run = scripted(
    until(step, () => {
      died.resolve(copyStorage(checkpoints));
      return forever;
    }),
  );
  void runner.run(run.invocation(more.graphName ?? "test", { ...more, checkpoints }));
  return { checkpoints: await died.promise };
}

const attempt = (number: number) => ({
  configurable: { model: "demo/small", runId: "run_1", attempt: number },
});

describe("a run with checkpoints", () => {
  it("ends as it does without them", async () => {
    const kept = await invoke(words, { checkpoints: sqliteStorage() });
    expect(kept).toEqual(await invoke(words, { checkpoints: null }));
  });

  it("that has ended yields its answer again and enters nothing", async () => {
    const checkpoints = sqliteStorage();
    const { outcome } = await invoke(words, { checkpoints });
    for (let again = 0; again < 2; again += 1) {
      expect(await invoke(words, { checkpoints })).toEqual({ outcome, called: [] });
    }
  });

  it("goes on from its last checkpoint and does not look at the messages again", async () => {
    const left = await deadAt("step 3");
    const run = scripted(words);
    await runner.run(
      run.invocation("test", {
        ...left,
        messages: [{ role: "user", content: "Another question" }],
      }),
    );
    expect(run.requests.map(({ nodeKey }) => nodeKey)).toEqual(["step 3", "step 4", "step 5"]);
    expect(run.requests[0]?.messages.map(({ content }) => content)).toEqual([
      "What is new?",
      "step 0",
      "step 1",
      "step 2",
    ]);
  });

  it("that failed enters as the next attempt what had not finished", async () => {
    const checkpoints = sqliteStorage();
    const failed = await invoke(
      until("step 2", () => ({ error: rateLimit })),
      { checkpoints },
    );
    expect(failed).toMatchObject({ outcome: { kind: "failed", error: rateLimit } });
    const retried = await invoke(words, { checkpoints, ...attempt(1) });
    expect(retried).toMatchObject({
      outcome: { kind: "final", content: "step 5" },
      called: ["step 2", "step 3", "step 4", "step 5"],
    });
  });

  it("that was stopped enters as the next attempt what had not finished", async () => {
    const checkpoints = sqliteStorage();
    const stop = new AbortController();
    const stopped = await invoke(
      until("step 2", () => {
        stop.abort();
        return forever;
      }),
      { checkpoints, signal: stop.signal },
    );
    expect(stopped.outcome).toMatchObject({ kind: "failed", error: { code: "aborted" } });
    const { called } = await invoke(words, { checkpoints, ...attempt(1) });
    expect(called).toEqual(["step 2", "step 3", "step 4", "step 5"]);
  });

  it("writes in transactions only, so that their owner can refuse it everything", async () => {
    const checkpoints = sqliteStorage();
    await invoke(
      until("step 2", () => ({ error: rateLimit })),
      { checkpoints },
    );
    const rowsWritten = checkpoints.rowsWritten();
    let isTakenOver = false;
    const refusing: CheckpointStorage = {
      sql: checkpoints.sql,
      transactionSync: (work) => {
        if (isTakenOver) throw new Error("taken over");
        return checkpoints.transactionSync(work);
      },
    };
    const { outcome } = await invoke(
      until("step 2", () => {
        isTakenOver = true;
        return { text: "late" };
      }),
      { checkpoints: refusing },
    );
    expect(outcome).toMatchObject({ kind: "failed" });
    const late = await invoke(words, { checkpoints: refusing, ...attempt(1) });
    expect(late).toMatchObject({ outcome: { kind: "failed" }, called: [] });
    expect(checkpoints.rowsWritten()).toBe(rowsWritten);
  });

  it("keeps its checkpoints apart from those of other runs", async () => {
    const checkpoints = sqliteStorage();
    await invoke(words, { checkpoints });
    const other = { configurable: { model: "demo/small", runId: "run_2", attempt: 0 } };
    expect((await invoke(words, { checkpoints, ...other })).called).toHaveLength(6);
  });

  it.each([
    { model: "m", attempt: 0 },
    { model: "m", runId: "run_1" },
  ])("is refused as a bug without a run id and an attempt: %j", async (configurable) => {
    const { outcome, called } = await invoke(words, {
      checkpoints: sqliteStorage(),
      configurable,
    });
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "internal" } });
    expect(called).toEqual([]);
  });
});

describe("the limit of steps", () => {
  const exceeded = { kind: "failed", error: { code: "invalid_request" } };

  it("is that of the attempt, however often it dies on the way", async () => {
    const whole = await invoke(words, { checkpoints: sqliteStorage(), maxSteps: 5 });
    expect(whole).toMatchObject({ outcome: exceeded });
    const { checkpoints } = await deadAt("step 1", { maxSteps: 5 });
    const again = await deadAt("step 2", { checkpoints, maxSteps: 5 });
    const rest = await invoke(words, { ...again, maxSteps: 5 });
    expect(rest.outcome).toMatchObject(exceeded);
    expect(["step 0", "step 1", ...rest.called]).toEqual(whole.called);
  });

  it("is fresh for the next attempt, and once only", async () => {
    const exhausted = sqliteStorage();
    const limited = { graphName: "long", maxSteps: 4 };
    expect(await invoke(words, { checkpoints: exhausted, ...limited })).toMatchObject({
      outcome: exceeded,
      called: ["step 0", "step 1", "step 2", "step 3"],
    });
    const next = { ...limited, ...attempt(1) };
    const dead = await deadAt("step 5", { checkpoints: copyStorage(exhausted), ...next });
    const whole = await invoke(words, { checkpoints: exhausted, ...next });
    const rest = await invoke(words, { ...dead, ...next });
    expect(whole.outcome).toMatchObject(exceeded);
    expect(rest.outcome).toMatchObject(exceeded);
    expect(["step 4", ...rest.called]).toEqual(whole.called);
  });

  it("does not hide the answer of a run that has ended within it", async () => {
    const checkpoints = sqliteStorage();
    const { outcome } = await invoke(words, { checkpoints, maxSteps: 7 });
    expect(outcome).toMatchObject({ kind: "final" });
    expect((await invoke(words, { checkpoints, maxSteps: 7 })).outcome).toEqual(outcome);
  });
});
