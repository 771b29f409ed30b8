/** Deeper than any honest request; keeps every recursive reader behind the door safe. */
export const jsonDepthMax = 32;

const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/g;

/**
 * What is wrong with a JSON text beyond its schema, or null. Refused besides broken syntax: nesting beyond
 * `jsonDepthMax`, a key that stands twice in one object (readers disagree which one counts) and the key `__proto__`.
 */
export function jsonProblem(text: string): string | null {
  try {
    JSON.parse(text);
  } catch {
    return "The body is not valid JSON.";
  }
  // The text is valid from here on, so strings and brackets are all that has to be told apart.
  const open: Set<string>[] = [];
  let lastString = '""';
  for (const [token] of text.matchAll(tokens)) {
    if (token === "{" || token === "[") {
      open.push(new Set());
      if (open.length > jsonDepthMax) return `JSON may be nested ${jsonDepthMax} levels deep.`;
    } else if (token === "}" || token === "]") {
      open.pop();
    } else if (token === ":") {
      const key: unknown = JSON.parse(lastString);
      const keys = open.at(-1);
      if (key === "__proto__") return "A key must not be named __proto__.";
      if (typeof key !== "string" || keys === undefined) continue;
      if (keys.has(key)) return "A key stands twice in one object.";
      keys.add(key);
    } else {
      lastString = token;
    }
  }
  return null;
}
