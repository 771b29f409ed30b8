import { expect, test } from "vitest";
import {
  answerWords,
  approvalAnswer,
  openAnswer,
  questionForm,
} from "../../src/client/questions.ts";
import type { JsonValue } from "../../src/ports/json.ts";

test("an object with a question is a proposal, with its draft if there is one", () => {
  expect(questionForm({ question: "Send it?", draft: "Dear all" })).toEqual({
    kind: "approval",
    question: "Send it?",
    draft: "Dear all",
  });
  expect(questionForm({ question: "Go?", draft: 7 })).toEqual({
    kind: "approval",
    question: "Go?",
    draft: null,
  });
});

test.each<[JsonValue, string]>([
  ["Which city?", "Which city?"],
  [null, "null"],
  [3, "3"],
  [["a"], '["a"]'],
  [{ question: 5 }, '{\n  "question": 5\n}'],
  [{ choices: [1] }, '{\n  "choices": [\n    1\n  ]\n}'],
])("%j is shown as it is and answered freely", (value, text) => {
  expect(questionForm(value)).toEqual({ kind: "open", text });
});

test("a verdict carries a comment only when there is one", () => {
  expect(approvalAnswer(true, "  ")).toEqual({ approved: true });
  expect(approvalAnswer(false, " shorter, please\n")).toEqual({
    approved: false,
    comment: "shorter, please",
  });
});

test.each<[string, JsonValue]>([
  ['{"a": [1]}', { a: [1] }],
  ["42", 42],
  ["null", null],
  ['"quoted"', "quoted"],
  ["  Berlin \n", "Berlin"],
  ["{broken", "{broken"],
])("%j is sent as JSON where it is JSON, and as text where not", (text, value) => {
  expect(openAnswer(text)).toEqual(value);
});

test.each<[JsonValue | undefined, string]>([
  [undefined, "Answered"],
  [{ approved: true }, "Approved"],
  [{ approved: false, comment: "too long" }, "Declined: too long"],
  ["Berlin", "Answered: Berlin"],
  [null, "Answered: null"],
  [{ approved: "yes" }, 'Answered: {"approved":"yes"}'],
])("the answer %j is told as %j", (value, words) => {
  expect(answerWords(value)).toBe(words);
});
