import { describe, expect, it } from "vitest";
import { readDecision } from "../../graphs/approval/decision.ts";
import { approvalQuestion } from "../../graphs/approval/prompts.ts";
import { createGraphRunner } from "../../graphs/runtime/run-graph.ts";
import type { JsonValue } from "../../src/ports/json.ts";
import { sqliteStorage } from "../run/sqlite-storage.ts";
import { journaled } from "./journaled.ts";
import { scripted } from "./scripted.ts";

const runner = createGraphRunner({ toolSpecs: [] });

/** Asks for approval, gives each of the answers in turn, and tells what came of the last. */
async function answered(...values: JsonValue[]) {
  const journal = journaled(({ nodeKey }) => ({
    text: nodeKey === "drafter" ? "the draft" : "the answer",
  }));
  const checkpoints = sqliteStorage();
  const invoke = (answer: { interruptId: string; value: JsonValue } | null) =>
    runner.run(scripted(journal.newDriver()).invocation("approval", { checkpoints, answer }));
  let outcome = await invoke(null);
  const asked: JsonValue[] = [];
  for (const value of values) {
    if (outcome.kind !== "interrupted") throw new Error(`nothing is asked: ${outcome.kind}`);
    const [question] = outcome.interrupts;
    asked.push(question?.value ?? null);
    outcome = await invoke({ interruptId: question?.interruptId ?? "", value });
  }
  const prompts = journal.dispatched.map(({ nodeKey, messages }) => ({
    nodeKey,
    prompt: messages[0]?.content ?? "",
  }));
  return { outcome, asked, prompts };
}

describe("approval", () => {
  it("shows its question and the draft", async () => {
    const { asked } = await answered(true);
    expect(asked).toEqual([{ question: approvalQuestion, draft: "the draft" }]);
    expect(approvalQuestion).toContain("Declined, there is no answer.");
  });

  it.each([true, "approve", "Yes.", { approved: true }, { approved: true, comment: "" }])(
    "answers from the draft when it is told %j",
    async (value) => {
      const { outcome, prompts } = await answered(value);
      expect(outcome).toMatchObject({ kind: "final", content: "the answer" });
      expect(prompts.map(({ nodeKey }) => nodeKey)).toEqual(["drafter", "finisher"]);
      expect(prompts[1]?.prompt).toContain("Draft:\nthe draft");
      expect(prompts[1]?.prompt).not.toContain("comment:");
    },
  );

  it.each(["make it shorter", { approved: true, comment: "make it shorter" }])(
    "gives the comment %j to the finisher",
    async (value) => {
      const { prompts } = await answered(value);
      expect(prompts[1]?.prompt).toContain("comment:\nmake it shorter");
    },
  );

  it.each([false, "no", { approved: false, comment: "never" }])(
    "ends politely, without another call, when it is told %j",
    async (value) => {
      const { outcome, prompts } = await answered(value);
      expect(outcome).toMatchObject({
        kind: "final",
        content: "The draft was refused, so there is no answer.",
        messageId: expect.stringMatching(/.-refused$/),
      });
      expect(prompts.map(({ nodeKey }) => nodeKey)).toEqual(["drafter"]);
    },
  );

  it("asks again, without drafting again, until the answer is clear", async () => {
    const { outcome, asked, prompts } = await answered(null, { approved: "perhaps" }, "yes");
    expect(outcome).toMatchObject({ content: "the answer" });
    expect(asked[1]).toEqual(asked[2]);
    expect(asked[1]).toMatchObject({ question: expect.stringContaining("no clear answer") });
    expect(prompts.map(({ nodeKey }) => nodeKey)).toEqual(["drafter", "finisher"]);
  });
});

describe("a decision", () => {
  it.each([
    [true, { approved: true, comment: "" }],
    [false, { approved: false }],
    ["APPROVED!", { approved: true, comment: "" }],
    ["reject", { approved: false }],
    ["no adjectives, please", { approved: true, comment: "no adjectives, please" }],
    [
      { approved: true, comment: "  shorter " },
      { approved: true, comment: "shorter" },
    ],
    [
      { approved: true, comment: 7 },
      { approved: true, comment: "" },
    ],
    [{ approved: false, comment: "bad" }, { approved: false }],
    ["  ", null],
    [null, null],
    [1, null],
    [[true], null],
    [{}, null],
    [{ approved: "yes" }, null],
  ] as [JsonValue, unknown][])("read from %j is %j", (answer, decision) => {
    expect(readDecision(answer)).toEqual(decision);
  });
});
