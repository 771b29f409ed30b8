import type { CompletionMessage, GatewayRequest } from "../ports/completion.ts";
import type { JsonObject } from "../ports/json.ts";

/** The part of a streamed chat-completions body that all dialects share. */
export function wireBody(request: GatewayRequest): JsonObject {
  const tools = request.tools.map((tool) => ({
    type: "function",
    function: { name: tool.name, description: tool.description, parameters: tool.parameters },
  }));
  return {
    model: request.model,
    messages: request.messages.map(wireMessage),
    stream: true,
    stream_options: { include_usage: true },
    ...(tools.length === 0 ? {} : { tools }),
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
  };
}

function wireMessage(message: CompletionMessage): JsonObject {
  switch (message.role) {
    case "system":
    case "user":
      return { role: message.role, content: message.content };
    case "tool":
      return { role: "tool", tool_call_id: message.toolCallId, content: message.content };
    case "assistant": {
      const toolCalls = (message.toolCalls ?? []).map((call) => ({
        id: call.id,
        type: "function",
        function: { name: call.name, arguments: call.argsText },
      }));
      if (toolCalls.length === 0) return { role: "assistant", content: message.content };
      return { role: "assistant", content: message.content || null, tool_calls: toolCalls };
    }
  }
}
