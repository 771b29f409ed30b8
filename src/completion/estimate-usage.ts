import type { CompletionRequest, GatewayAnswer } from "../ports/completion.ts";
import type { ModelEntry } from "../ports/model-catalog.ts";
import type { TokenCounts } from "../ports/usage-fact.ts";
import { estimateTokens } from "./estimate-tokens.ts";
import { withinContext } from "./models.ts";

/** What chat templates put around each message, and before the answer. */
const messageTokens = 4;
const answerStartTokens = 3;

/**
 * What a call used that ended before its usage was told: all that was sent, and the answer as far as it arrived. What
 * nobody here saw is not in it: reasoning that was never sent, and text that was on its way when the call was cut.
 * Counts that the upstream gave on the way are believed where they are higher.
 */
export function estimateUsage(
  request: Pick<CompletionRequest, "messages" | "tools">,
  answer: GatewayAnswer,
  entry: ModelEntry,
): TokenCounts {
  const stated = answer.usage;
  const inputTokens =
    stated !== null && stated.inputTokens > 0 ? stated.inputTokens : tokensSent(request, entry);
  return {
    inputTokens,
    outputTokens: Math.max(stated?.outputTokens ?? 0, tokensReceived(answer, entry)),
    cacheReadTokens: stated?.cacheReadTokens ?? 0,
    cacheWriteTokens: stated?.cacheWriteTokens ?? 0,
    reasoningTokens: stated?.reasoningTokens ?? 0,
  };
}

function tokensSent(
  { messages, tools }: Pick<CompletionRequest, "messages" | "tools">,
  entry: ModelEntry,
): number {
  let tokens = answerStartTokens;
  for (const message of messages) {
    tokens += messageTokens + estimateTokens(message.content);
    if (message.role === "assistant") tokens += callTokens(message.toolCalls ?? []);
  }
  if (tools.length > 0) tokens += estimateTokens(JSON.stringify(tools));
  return withinContext(entry, tokens);
}

function tokensReceived({ text, toolCalls }: GatewayAnswer, entry: ModelEntry): number {
  return Math.min(estimateTokens(text) + callTokens(toolCalls), entry.maxOutputTokens);
}

function callTokens(calls: GatewayAnswer["toolCalls"]): number {
  return calls.reduce(
    (tokens, { name, argsText }) => tokens + messageTokens + estimateTokens(name + argsText),
    0,
  );
}

/** Whether anything of an answer came: without it a 2xx status says nothing of what a model did, if there was one. */
export function hasBegun(answer: GatewayAnswer): boolean {
  const { text, toolCalls, usage, finishReason, servedModel } = answer;
  return (
    text !== "" ||
    toolCalls.length > 0 ||
    usage !== null ||
    finishReason !== null ||
    servedModel !== null
  );
}
