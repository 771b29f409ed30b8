import type { AIMessage, BaseMessage } from "@langchain/core/messages";
import type { CompletionToolCall } from "../../src/ports/completion.ts";
import type { JsonValue } from "../../src/ports/json.ts";

/**
 * Where a message keeps its tool calls as the model wrote them. LangChain's `tool_calls` hold parsed arguments only, and
 * parsing loses digits of large numbers, repeated keys and spacing; the model must see its own words again unchanged.
 */
export const toolCallTextsKey = "toolCallTexts";

/** The tool calls of a message, valid and invalid, in their order; exact where the message carries the texts. */
export function toolCallsOf(message: AIMessage): readonly CompletionToolCall[] {
  const texts: unknown = message.additional_kwargs[toolCallTextsKey];
  if (isToolCallList(texts)) return texts;
  const valid = (message.tool_calls ?? []).map(({ id, name, args }) => ({
    id: id ?? "",
    name,
    argsText: JSON.stringify(args),
  }));
  const invalid = (message.invalid_tool_calls ?? []).map(({ id, name, args }) => ({
    id: id ?? "",
    name: name ?? "",
    argsText: args ?? "",
  }));
  return [...valid, ...invalid];
}

function isToolCallList(value: unknown): value is CompletionToolCall[] {
  return Array.isArray(value) && value.every(isToolCall);
}

function isToolCall(value: unknown): value is CompletionToolCall {
  if (typeof value !== "object" || value === null) return false;
  const { id, name, argsText } = value as Record<string, unknown>;
  return typeof id === "string" && typeof name === "string" && typeof argsText === "string";
}

/**
 * Gives every call an id of its own. Gateways leave ids out, use one for parallel calls, or start again at `call_0` with
 * every answer, while results are matched by id alone. The outcome depends on nothing but the conversation, so a
 * replayed call gets the same ids.
 */
export function withDistinctIds(
  calls: readonly CompletionToolCall[],
  messageId: string,
  history: readonly BaseMessage[],
): CompletionToolCall[] {
  if (calls.length === 0) return [];
  const taken = new Set<string>();
  for (const message of history) {
    if (isAiMessage(message)) for (const call of toolCallsOf(message)) taken.add(call.id);
  }
  return calls.map((call, index) => {
    const wanted = call.id === "" ? `${messageId}/${index}` : call.id;
    let id = wanted;
    for (let n = 2; taken.has(id); n += 1) id = `${wanted}#${n}`;
    taken.add(id);
    return { id, name: call.name, argsText: call.argsText };
  });
}

export function isAiMessage(message: BaseMessage | undefined): message is AIMessage {
  return message?.type === "ai";
}

/** The arguments where the text is JSON, else the text itself. */
export function parseArgs(argsText: string): JsonValue {
  const text = argsText.trim();
  // Models leave the arguments of a tool without parameters out altogether.
  if (text === "") return {};
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return argsText;
  }
}
