import { questionsMax } from "./prompts.ts";

const listMarker = /^(?:[-*•]|\d{1,2}[.)])\s+/;

/**
 * The questions in a planner's answer: its list items, or its lines where it made no list. Never empty: a planner that
 * writes nothing usable leaves one question, what was asked.
 */
export function readQuestions(plan: string, asked: string): string[] {
  const lines = plan
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const items = lines.filter((line) => listMarker.test(line));
  const questions = (items.length > 0 ? items : lines)
    .map((line) => line.replace(listMarker, "").trim())
    .filter((line) => line !== "");
  return questions.length === 0 ? [asked] : questions.slice(0, questionsMax);
}
