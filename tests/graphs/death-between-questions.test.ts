import { describe, expect, it } from "vitest";
import type { GraphFactory } from "../../graphs/runtime/kit.ts";
import { createGraphRunner } from "../../graphs/runtime/run-graph.ts";
import type {
  CheckpointStorage,
  GraphOutcome,
  InterruptAnswer,
} from "../../src/ports/graph-runner.ts";
import { sqliteStorage } from "../run/sqlite-storage.ts";
import {
  callBetween,
  deepInside,
  inSubgraph,
  innerThenOuter,
  twoAtOnce,
  twoInSequence,
} from "./asking-graphs.ts";
import { copyStorage } from "./copy-storage.ts";
import { journaled } from "./journaled.ts";
import { scripted } from "./scripted.ts";

/** What a death leaves behind: the storage as it was, and the last answer that a person had given. */
interface Left {
  storage: CheckpointStorage;
  answer: InterruptAnswer | null;
}

/** Answers each question with its own text, one at a time; returns how the run ends. */
async function drive(
  factory: GraphFactory,
  { storage, answer: last }: Left,
  answered: (answer: InterruptAnswer) => void = () => {},
): Promise<GraphOutcome> {
  const journal = journaled(({ messages }) => ({ text: `(${messages.at(-1)?.content})` }));
  for (let answer = last; ;) {
    const runner = createGraphRunner({ toolSpecs: [], factories: new Map([["test", factory]]) });
    const run = scripted(journal.newDriver());
    const outcome = await runner.run(run.invocation("test", { checkpoints: storage, answer }));
    if (outcome.kind !== "interrupted") return outcome;
    const questions = outcome.interrupts.toSorted((a, b) =>
      JSON.stringify(a.value).localeCompare(JSON.stringify(b.value)),
    );
    const [question] = questions;
    if (question === undefined) throw new Error("an interrupted graph asks something");
    answer = {
      interruptId: question.interruptId,
      value: `yes to ${JSON.stringify(question.value)}`,
    };
    answered(answer);
  }
}

function contentOf(outcome: GraphOutcome): string {
  return outcome.kind === "final" ? outcome.content : outcome.kind;
}

describe("a run that asks and dies", () => {
  it.each(
    Object.entries({
      ...{ callBetween, deepInside, inSubgraph, innerThenOuter, twoAtOnce, twoInSequence },
    }),
  )("gives each answer to its own question, wherever that is: %s", async (_, factory) => {
    const storage = sqliteStorage();
    const deaths: Left[] = [];
    let answer: InterruptAnswer | null = null;
    const dying = {
      sql: storage.sql,
      transactionSync<T>(work: () => T): T {
        const result = storage.transactionSync(work);
        deaths.push({ storage: copyStorage(storage), answer });
        return result;
      },
    };
    const undisturbed = await drive(factory, { storage: dying, answer }, (given) => {
      answer = given;
      deaths.push({ storage: copyStorage(storage), answer });
    });

    expect(undisturbed.kind).toBe("final");
    expect(deaths.length).toBeGreaterThan(5);
    for (const death of deaths) {
      expect(contentOf(await drive(factory, death))).toBe(contentOf(undisturbed));
    }
  });
});
