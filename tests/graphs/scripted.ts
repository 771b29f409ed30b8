import type { AiError, AiEvent } from "../../src/ports/ai-event.ts";
import type {
  CompletionFinalResult,
  CompletionFn,
  CompletionRequest,
  CompletionToolCall,
} from "../../src/ports/completion.ts";
import type { GraphInvocation } from "../../src/ports/graph-runner.ts";
import type { ToolCall } from "../../src/ports/tools.ts";

export interface Answer {
  /** Left out: numbered by the call. */
  messageId?: string;
  text?: string;
  toolCalls?: readonly CompletionToolCall[];
  error?: AiError;
}

export type Script = (request: CompletionRequest, callIndex: number) => Answer | Promise<Answer>;

export const noTokens = {
  inputTokens: 3,
  outputTokens: 5,
  cacheReadTokens: 1,
  cacheWriteTokens: 0,
  reasoningTokens: 2,
};

/** A completion function that plays a script, and everything that was asked of it, streamed and run. */
export function scripted(script: Script) {
  const requests: CompletionRequest[] = [];
  const events: AiEvent[] = [];
  const toolCalls: { call: ToolCall; allowed: readonly string[] }[] = [];

  const completionFn: CompletionFn = (request) => {
    const callIndex = requests.push(request) - 1;
    const final = Promise.withResolvers<CompletionFinalResult>();
    async function* stream(): AsyncGenerator<AiEvent> {
      const answer = await script(request, callIndex);
      const { text = "", toolCalls: calls = [], error, messageId = `msg_${callIndex}` } = answer;
      for (const delta of text.match(/\S+\s*/g) ?? []) {
        yield { type: "text_delta", messageId, nodeKey: request.nodeKey, delta };
      }
      if (error !== undefined) {
        final.resolve({ ok: false, requestId: "req_1", error, usage: null });
        return;
      }
      final.resolve({
        ok: true,
        requestId: "req_1",
        usage: noTokens,
        output: {
          messageId,
          text,
          toolCalls: calls,
          finishReason: calls.length > 0 ? "tool_calls" : "stop",
          servedModel: "served",
        },
      });
    }
    return { stream: stream(), final: final.promise };
  };

  function invocation(graphName: string, more: Partial<GraphInvocation> = {}): GraphInvocation {
    return {
      graphName,
      messages: [{ role: "user", content: "What is new?" }],
      checkpoints: null,
      answer: null,
      configurable: { model: "demo/small", runId: "run_1", attempt: 0 },
      maxSteps: 50,
      signal: new AbortController().signal,
      completionFn,
      tokenSink: (event) => void events.push(event),
      toolExecFn: async (call, allowed) => {
        toolCalls.push({ call, allowed });
        return allowed.includes(call.toolId)
          ? { ok: true, result: { echo: call.args } }
          : { ok: false, code: "policy_denied", message: "Not allowed." };
      },
      ...more,
    };
  }

  return { completionFn, requests, events, toolCalls, invocation };
}

export function deltasOf(events: readonly AiEvent[], nodeKey: string): string {
  return events
    .flatMap((event) =>
      event.type === "text_delta" && event.nodeKey === nodeKey ? event.delta : [],
    )
    .join("");
}

export function toolCall(id: string, name: string, argsText: string): CompletionToolCall {
  return { id, name, argsText };
}
