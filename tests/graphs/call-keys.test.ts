import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAssistantGraph } from "../../graphs/assistant/graph.ts";
import { createResearchGraph } from "../../graphs/research/graph.ts";
import type { GraphFactory } from "../../graphs/runtime/kit.ts";
import { createGraphRunner } from "../../graphs/runtime/run-graph.ts";
import type { CheckpointStorage, GraphRunner } from "../../src/ports/graph-runner.ts";
import { toolSpecs } from "../../src/tools/catalog.ts";
import { sqliteStorage } from "../run/sqlite-storage.ts";
import { copyStorage } from "./copy-storage.ts";
import { forever, journaled } from "./journaled.ts";
import { scripted, toolCall } from "./scripted.ts";
import type { Script } from "./scripted.ts";
import { busyNode, chain, nested } from "./step-graphs.ts";

const runnerOf = (factory: GraphFactory) =>
  createGraphRunner({ toolSpecs, factories: new Map([["test", factory]]) });

const answers: Script = ({ nodeKey, messages }) => {
  const messageId = `msg of ${nodeKey} after ${messages.length}`;
  // Texts that do not survive parsing: a checkpoint must give the model its own words back.
  if (nodeKey === "assistant" && messages.at(-1)?.role === "user") {
    const texts = ['{ "expression" : "1.0" }', '{"expression":1e400', ""];
    return { messageId, toolCalls: texts.map((text) => toolCall("", "core__calculator", text)) };
  }
  const text = nodeKey === "planner" ? "- one\n- two\n- three" : `on ${messages.at(-1)?.content}`;
  return { messageId, text };
};

/** A process that dies when the script is reached for the `dying`th time; its memory is lost, its database is not. */
function mortal(script: Script, checkpoints: CheckpointStorage) {
  let reached = 0;
  let isDead = false;
  const died = Promise.withResolvers<CheckpointStorage>();
  return {
    died: died.promise,
    dyingAt(dying: number): Script {
      return async (request, callIndex) => {
        if (isDead) return forever;
        reached += 1;
        if (reached === dying) {
          isDead = true;
          died.resolve(copyStorage(checkpoints));
          return forever;
        }
        // Calls side by side are all on their way before one of them is answered.
        await new Promise((resolve) => setImmediate(resolve));
        return isDead ? forever : script(request, callIndex);
      };
    },
  };
}

describe("a graph of 20 steps", () => {
  const steps = 20;
  const runner = runnerOf(chain(steps));

  it("makes exactly the calls that were not answered again, wherever and however often it dies", async () => {
    const everyStep = Array.from({ length: steps }, (_, step) => step);
    const deaths = fc.subarray(everyStep, { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(deaths, async (dyingSteps) => {
        let checkpoints: CheckpointStorage = sqliteStorage();
        const made: string[] = [];
        const script: Script = (request, callIndex) => {
          made.push(request.nodeKey);
          return answers(request, callIndex);
        };
        let begun = 0;
        for (const step of dyingSteps) {
          const process = mortal(script, checkpoints);
          const run = scripted(process.dyingAt(step - begun + 1));
          void runner.run(run.invocation("test", { checkpoints }));
          checkpoints = await process.died;
          begun = step;
        }
        const outcome = await runner.run(scripted(script).invocation("test", { checkpoints }));
        expect(outcome).toMatchObject({ kind: "final" });
        expect(made).toEqual(Array.from({ length: steps }, (_, step) => `step ${step}`));
      }),
      { numRuns: 15 },
    );
  }, 30_000);
});

describe("the keys of calls", () => {
  const graphs: [string, GraphFactory][] = [
    ["one after another", chain(3)],
    ["side by side and equal in one node", busyNode],
    ["in a fan-out", createResearchGraph],
    ["in subgraphs, declared and called", nested],
    ["with the results of tools", createAssistantGraph],
  ];

  it.each(graphs)("%s are the same again after a death at any of them", async (_case, factory) => {
    const runner = runnerOf(factory);
    const whole = scripted(answers);
    const expected = await runner.run(whole.invocation("test", { checkpoints: sqliteStorage() }));
    expect(expected).toMatchObject({ kind: "final" });
    for (let dying = 1; dying <= whole.requests.length; dying += 1) {
      const { outcome, repeated, journal } = await dieOnce(runner, dying);
      expect({ ...outcome, messageId: "" }).toEqual({ ...expected, messageId: "" });
      expect(journal.keys.size).toBe(whole.requests.length);
      expect(journal.dispatched).toHaveLength(whole.requests.length + repeated);
    }
  });

  /** `repeated`: calls that were on their way at the death. All others must be found in the journal by their keys. */
  async function dieOnce(runner: GraphRunner, dying: number) {
    const first = sqliteStorage();
    const process = mortal(answers, first);
    const mortalScript = process.dyingAt(dying);
    let isFirst = true;
    const journal = journaled((request, callIndex) =>
      isFirst ? mortalScript(request, callIndex) : answers(request, callIndex),
    );
    const before = scripted(journal.newDriver());
    void runner.run(before.invocation("test", { checkpoints: first }));
    const checkpoints = await process.died;
    await new Promise((resolve) => setImmediate(resolve));
    const repeated = journal.dispatched.length - journal.settled.size;
    isFirst = false;
    const after = scripted(journal.newDriver());
    const outcome = await runner.run(after.invocation("test", { checkpoints }));
    return { outcome, repeated, journal };
  }

  it("differ between the nodes of a fan-out and between a subgraph's two callings", async () => {
    for (const factory of [createResearchGraph, nested]) {
      const run = scripted(answers);
      await runnerOf(factory).run(run.invocation("test", { checkpoints: sqliteStorage() }));
      const keys = run.requests.map((request) => JSON.stringify(request));
      expect(new Set(keys).size).toBe(keys.length);
    }
  });
});
