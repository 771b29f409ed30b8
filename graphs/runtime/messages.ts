import { AIMessage, HumanMessage } from "@langchain/core/messages";
import type {
  BaseMessage,
  InvalidToolCall,
  StandardMessageStructure,
  ToolCall,
  ToolMessage,
} from "@langchain/core/messages";
import type {
  ChatMessage,
  CompletionMessage,
  CompletionOutput,
} from "../../src/ports/completion.ts";
import type { TokenCounts } from "../../src/ports/usage-fact.ts";
import {
  isAiMessage,
  parseArgs,
  toolCallsOf,
  toolCallTextsKey,
  withDistinctIds,
} from "./tool-calls.ts";

/** A conversation as LangChain messages. Texts stay strings, so nothing in them can be taken for a serialised object. */
export function fromChat(messages: readonly ChatMessage[]): BaseMessage[] {
  return messages.map(({ role, content }) =>
    role === "user" ? new HumanMessage({ content }) : new AIMessage({ content }),
  );
}

/** A message as a model is sent it, word for word. Throws for a kind that no graph of ours makes. */
export function toCompletionMessage(message: BaseMessage): CompletionMessage {
  const content = message.text;
  if (isAiMessage(message)) {
    const toolCalls = toolCallsOf(message);
    return toolCalls.length === 0
      ? { role: "assistant", content }
      : { role: "assistant", content, toolCalls };
  }
  switch (message.type) {
    case "system":
      return { role: "system", content };
    case "human":
      return { role: "user", content };
    case "tool":
      return { role: "tool", toolCallId: (message as ToolMessage).tool_call_id, content };
    default:
      throw new Error(`a message of type ${message.type} cannot be sent to a model`);
  }
}

/** A model's answer as a LangChain message. Arguments that are no JSON object make an invalid tool call. */
export function toAiMessage(
  output: CompletionOutput,
  usage: TokenCounts,
  history: readonly BaseMessage[],
): AIMessage {
  const calls = withDistinctIds(output.toolCalls, output.messageId, history);
  const toolCalls: ToolCall[] = [];
  const invalidToolCalls: InvalidToolCall[] = [];
  for (const { id, name, argsText } of calls) {
    const args = parseArgs(argsText);
    if (typeof args === "object" && args !== null && !Array.isArray(args)) {
      toolCalls.push({ type: "tool_call", id, name, args });
    } else {
      invalidToolCalls.push({ type: "invalid_tool_call", id, name, args: argsText });
    }
  }
  return new AIMessage<StandardMessageStructure>({
    id: output.messageId,
    content: output.text,
    tool_calls: toolCalls,
    invalid_tool_calls: invalidToolCalls,
    additional_kwargs: calls.length === 0 ? {} : { [toolCallTextsKey]: calls },
    response_metadata: {
      finish_reason: output.finishReason,
      ...(output.servedModel === null ? {} : { model_name: output.servedModel }),
    },
    usage_metadata: {
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
      total_tokens: usage.inputTokens + usage.outputTokens,
      input_token_details: {
        cache_read: usage.cacheReadTokens,
        cache_creation: usage.cacheWriteTokens,
      },
      output_token_details: { reasoning: usage.reasoningTokens },
    },
  });
}
