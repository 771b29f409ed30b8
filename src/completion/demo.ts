import type {
  CompletionGateway,
  GatewayAnswer,
  GatewayEvent,
  GatewayRequest,
  GatewayUsage,
} from "../ports/completion.ts";
import { closableStream } from "./closable-stream.ts";
import { demoAnswer } from "./demo-answer.ts";
import { upstreamAborted } from "./gateway-errors.ts";

export interface DemoOptions {
  /** Pause between two words, milliseconds; 0 sends all at once. */
  paceMs: number;
}

/** About as many characters as one token of a real model has. */
const charsPerToken = 4;

/**
 * The built-in offline model, so that a newcomer has a working product without a key. Deterministic, honest about being
 * a demo, calls tools where they fit, and its usage has a nominal price so that the ledger moves.
 */
export function createDemoGateway({ paceMs }: DemoOptions): CompletionGateway {
  return {
    source: "demo",
    executeStream: (request) =>
      closableStream(request.signal, (signal) => speak(request, signal, paceMs)),
  };
}

async function* speak(
  request: GatewayRequest,
  signal: AbortSignal,
  paceMs: number,
): AsyncGenerator<GatewayEvent, void> {
  // Both ids hold the run id: many deployments have a demo model, and one ledger may see them all.
  const callId = `demo:${request.runId}:${request.dispatchId}`;
  const { text, toolCalls } = demoAnswer(request);
  const answerOf = (spoken: string, isWhole: boolean): GatewayAnswer => ({
    text: spoken,
    toolCalls: isWhole ? toolCalls : [],
    finishReason: isWhole ? (toolCalls.length > 0 ? "tool_calls" : "stop") : null,
    usage: isWhole ? usageOf(request, spoken, toolCalls) : null,
    isUsageWhole: isWhole,
    callId,
    providerCallId: callId,
    servedModel: request.model,
    headerCostUsd: null,
  });

  yield { type: "headers", callId, costUsd: null, servedModel: request.model };
  let spoken = "";
  for (const delta of paceMs > 0 ? text.split(/(?<=\s)/) : [text]) {
    if (!(await pause(paceMs, signal))) {
      const answer = answerOf(spoken, false);
      yield { type: "end", ok: false, error: upstreamAborted, sent: true, answered: true, answer };
      return;
    }
    spoken += delta;
    if (delta !== "") yield { type: "text", delta };
  }
  yield { type: "end", ok: true, answer: answerOf(spoken, true) };
}

/** False when the signal was aborted meanwhile. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (ms > 0 && !signal.aborted) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(finish, ms);
      signal.addEventListener("abort", finish, { once: true });
      function finish() {
        clearTimeout(timer);
        signal.removeEventListener("abort", finish);
        resolve();
      }
    });
  }
  return !signal.aborted;
}

function usageOf(
  request: GatewayRequest,
  text: string,
  toolCalls: GatewayAnswer["toolCalls"],
): GatewayUsage {
  const inputTokens = tokensIn(JSON.stringify([request.messages, request.tools]));
  const outputTokens = tokensIn(text + toolCalls.map((call) => call.name + call.argsText).join(""));
  return {
    inputTokens,
    outputTokens,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    costUsd: null,
    raw: { prompt_tokens: inputTokens, completion_tokens: outputTokens },
  };
}

function tokensIn(text: string): number {
  return Math.ceil(text.length / charsPerToken);
}
