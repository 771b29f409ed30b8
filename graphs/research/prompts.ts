import type { Finding } from "./state.ts";

export const questionsMax = 4;

export const plannerPrompt = `Split what is asked into questions that can be worked on independently of each other.
Write at most ${questionsMax} questions, one a line, each starting with "- ". Write nothing else.`;

export const workerPrompt = `You are given one question. Answer it thoroughly but in at most ten sentences. Say what is certain and what is not.`;

export const writerPrompt = `Write a report that answers the last message, in its language. Below are findings on its parts.
Combine them into one text with a clear structure, settle contradictions openly, and add nothing that is not supported.`;

export function findingsNote(findings: readonly Finding[]): string {
  return findings
    .map(({ question, text }) => `Question: ${question}\nFinding: ${text}`)
    .join("\n\n");
}
