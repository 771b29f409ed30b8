export interface WireMessage {
  role: string;
  content?: unknown;
  tool_calls?: unknown;
  tool_call_id?: string;
}

/**
 * What a test asks of the fake. Directives stand in the last user message, `[[delay:5]]`, or in the model's name,
 * `fake/delay:5+status:503`. A directive may be conditional: `[[@0 status:503]]` holds only for attempt 0 (by the
 * `user` field, `runId/attempt`), `[[@tool status:503]]` only once a tool result is present, `[[@0@tool …]]` for both.
 */
export class Directives {
  readonly #values = new Map<string, string[]>();

  add(name: string, value: string): void {
    const known = this.#values.get(name);
    if (known === undefined) this.#values.set(name, [value]);
    else known.push(value);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | null {
    return this.#values.get(name)?.[0] ?? null;
  }

  texts(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  number(name: string, fallback: number): number {
    const text = this.text(name);
    return text === null ? fallback : Number(text);
  }
}

const pattern = /\[\[((?:@\w+)*)\s*([a-z0-9-]+)(?::([\s\S]*?))?\]\](?![\]}])/g;

export function readDirectives(
  model: string,
  user: string,
  messages: readonly WireMessage[],
): Directives {
  const found = new Directives();
  const hasToolResult = sawToolResult(messages);
  const holds = (condition: string) =>
    condition === "tool" ? hasToolResult : user.endsWith(`/${condition}`);
  if (model.startsWith("fake/")) {
    for (const part of model.slice("fake/".length).split("+")) {
      const [name = "", ...value] = part.split(":");
      found.add(name, value.join(":"));
    }
  }
  for (const [, conditions = "", name = "", value = ""] of lastUserText(messages).matchAll(
    pattern,
  )) {
    if (conditions.split("@").filter(Boolean).every(holds)) found.add(name, value.trim());
  }
  return found;
}

export function lastUserText(messages: readonly WireMessage[]): string {
  const last = messages.findLast((message) => message.role === "user");
  if (last === undefined) return "";
  return typeof last.content === "string" ? last.content : JSON.stringify(last.content ?? "");
}

export function withoutDirectives(text: string): string {
  return text.replaceAll(pattern, "").replace(/\s+/g, " ").trim();
}

export function sawToolResult(messages: readonly WireMessage[]): boolean {
  return countToolResults(messages) > 0;
}

/** Only results that answer the last user message count; earlier turns of a thread have theirs too. */
export function countToolResults(messages: readonly WireMessage[]): number {
  const last = messages.findLastIndex((message) => message.role === "user");
  return messages.slice(last + 1).filter((message) => message.role === "tool").length;
}
