/** What a person decided about a draft. */
export type Decision = { approved: false } | { approved: true; comment: string };

const approvals = new Set(["approve", "approved", "accept", "accepted", "yes", "ok"]);
const refusals = new Set(["refuse", "refused", "reject", "rejected", "no"]);

/**
 * Reads whatever a person answered; null when it cannot be told what was meant. Understood are
 * - `true`, `false`, and a word for either such as "approve" or "no";
 * - `{ approved: boolean, comment?: string }`;
 * - any other text: an approval with that text as the comment.
 */
export function readDecision(answer: unknown): Decision | null {
  if (typeof answer === "boolean") return decided(answer, "");
  if (typeof answer === "string") return readText(answer.trim());
  if (typeof answer !== "object" || answer === null) return null;
  const { approved, comment } = answer as Record<string, unknown>;
  if (typeof approved !== "boolean") return null;
  return decided(approved, typeof comment === "string" ? comment.trim() : "");
}

function readText(text: string): Decision | null {
  const word = text.toLowerCase().replace(/[.!]+$/, "");
  if (word === "") return null;
  if (refusals.has(word)) return decided(false, "");
  return decided(true, approvals.has(word) ? "" : text);
}

function decided(approved: boolean, comment: string): Decision {
  return approved ? { approved, comment } : { approved };
}
