import { expect, test } from "vitest";
import { stepPreview, toolTitle } from "../../src/client/step-preview.ts";

const words = Array.from({ length: 100 }, (_, index) => `word${index}`);

function text(content: string) {
  return { kind: "text", messageId: "m1", nodeKey: "planner", text: content } as const;
}

test("a text that is over is previewed by its beginning", () => {
  const preview = stepPreview(text(`\n${words.join("\n ")}`), true);
  expect(preview).toMatch(/^planner: word0 word1 word2 /);
});

test("a text that grows is previewed by its end, from the start of a word", () => {
  const preview = stepPreview(text(words.join(" ")), false);
  expect(preview).toMatch(/^planner: …word\d+ .*word99$/);
});

test("a short text is previewed whole, without a sign that something is missing", () => {
  expect(stepPreview(text("one two"), false)).toBe("planner: one two");
});

test("a long text without any space is cut where it must be", () => {
  expect(stepPreview(text("x".repeat(500)), false)).toBe(`planner: …${"x".repeat(160)}`);
});

test("a tool is previewed by its name and how it went", () => {
  const call = { toolCallId: "t1", toolName: "core__current_time", args: {}, result: null };
  expect(stepPreview({ kind: "tool", ...call, state: "ok" }, true)).toBe("current time: done");
  expect(toolTitle("calculator")).toBe("calculator");
});
