import type { Clock } from "../base/clock.ts";
import type { DialectName } from "../base/config.ts";
import type { Log, LogFields } from "../base/log.ts";
import type { AiError } from "../ports/ai-event.ts";
import type {
  CompletionGateway,
  GatewayAnswer,
  GatewayEnd,
  GatewayEvent,
  GatewayRequest,
} from "../ports/completion.ts";
import { AnswerSoFar } from "./answer-so-far.ts";
import { closableStream } from "./closable-stream.ts";
import { dialects } from "./dialects.ts";
import {
  errorForStatus,
  upstreamAborted,
  upstreamBroken,
  upstreamTimeout,
  upstreamUnreachable,
} from "./gateway-errors.ts";
import { readAnswer } from "./read-answer.ts";
import type { UpstreamLimits } from "./upstream-timer.ts";
import { defaultLimits, UpstreamTimer } from "./upstream-timer.ts";
import { wireBody } from "./wire-body.ts";

export interface OpenAiCompatibleOptions {
  dialect: DialectName;
  /** Ends before `/chat/completions`. */
  baseUrl: string;
  apiKey: string | null;
  clock: Clock;
  log: Log;
  limits?: Partial<UpstreamLimits>;
}

/**
 * A gateway that speaks streamed chat completions. It never retries: whether there is a second dispatch is decided where
 * it is recorded. A `headers` event comes with any status; an `end` with neither `ok` nor `answered` after it means that
 * the upstream refused.
 */
export function createOpenAiCompatibleGateway(options: OpenAiCompatibleOptions): CompletionGateway {
  return {
    source: dialects[options.dialect].source,
    executeStream: (request) =>
      closableStream(request.signal, (signal) => dispatch(options, request, signal)),
  };
}

async function* dispatch(
  options: OpenAiCompatibleOptions,
  request: GatewayRequest,
  signal: AbortSignal,
): AsyncGenerator<GatewayEvent, void> {
  const limits = { ...defaultLimits, ...options.limits };
  const upstream = new AbortController();
  const timer = new UpstreamTimer(limits.totalMsMax, () => upstream.abort(upstreamTimeout));
  const onAbort = () => upstream.abort(upstreamAborted);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    yield* exchange({ options, request, limits, timer, signal: upstream.signal });
  } finally {
    timer.stop();
    signal.removeEventListener("abort", onAbort);
    // Closes the connection if it was left early; after a whole answer there is nothing left to close.
    upstream.abort(upstreamAborted);
  }
}

interface Exchange {
  options: OpenAiCompatibleOptions;
  request: GatewayRequest;
  limits: UpstreamLimits;
  timer: UpstreamTimer;
  signal: AbortSignal;
}

async function* exchange(call: Exchange): AsyncGenerator<GatewayEvent, void> {
  const { options, limits, timer, signal } = call;
  if (signal.aborted) {
    yield unanswered(upstreamAborted, { sent: false });
    return;
  }
  let response: Response;
  try {
    response = await timer.wait(post(call), limits.headersMsMax);
  } catch (failure) {
    const error = abortReason(signal) ?? upstreamUnreachable;
    const sent = !connectionNeverMade(failure);
    warn(call, "completion.no_response", { code: error.code, sent });
    yield unanswered(error, { sent });
    return;
  }
  const { headers, status } = response;
  const dialect = dialects[options.dialect];
  const callId = dialect.headerCallId(headers);
  const headerCostUsd = dialect.headerCostUsd(headers);
  yield { type: "headers", callId, costUsd: headerCostUsd, servedModel: null };
  if (!response.ok) {
    const error = errorForStatus(status, headers, options.clock.now());
    warn(call, "completion.refused", { code: error.code, status });
    yield unanswered(error, { sent: true });
    return;
  }

  const soFar = new AnswerSoFar();
  const error = yield* answerText(call, response, soFar);
  if (soFar.hasBadUsage) warn(call, "completion.bad_usage", { status });
  const answer: GatewayAnswer = {
    text: soFar.text,
    toolCalls: soFar.toolCalls(),
    finishReason: soFar.finishReason,
    usage: soFar.usage,
    isUsageWhole: soFar.isUsageWhole,
    callId: dialect.callId(callId, soFar.bodyId),
    providerCallId: dialect.providerCallId(headers, soFar.bodyId),
    servedModel: soFar.servedModel,
    headerCostUsd,
  };
  yield error === null
    ? { type: "end", ok: true, answer }
    : { type: "end", ok: false, error, sent: true, answered: true, answer };
}

async function* answerText(
  call: Exchange,
  response: Response,
  soFar: AnswerSoFar,
): AsyncGenerator<GatewayEvent, AiError | null> {
  const pieces = readAnswer(response.body, soFar, call.timer, call.limits);
  for (;;) {
    const piece = await pieces.next();
    if (piece.done !== true) {
      yield { type: "text", delta: piece.value };
      continue;
    }
    if (piece.value === "whole") return null;
    const error = (piece.value === "lost" ? abortReason(call.signal) : null) ?? upstreamBroken;
    warn(call, `completion.${piece.value}`, { code: error.code, chars: soFar.text.length });
    return error;
  }
}

async function post({ options, request, signal }: Exchange): Promise<Response> {
  const dialect = dialects[options.dialect];
  return fetch(`${options.baseUrl}/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      ...(options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` }),
      ...dialect.requestHeaders(request),
    },
    body: JSON.stringify({ ...wireBody(request), ...dialect.requestFields(request) }),
    // Following a redirect would carry prompt and key to wherever it points.
    redirect: "manual",
    signal,
  });
}

function unanswered(error: AiError, { sent }: { sent: boolean }): GatewayEnd {
  return { type: "end", ok: false, error, sent, answered: false, answer: null };
}

function abortReason(signal: AbortSignal): AiError | null {
  if (!signal.aborted) return null;
  return signal.reason === upstreamTimeout ? upstreamTimeout : upstreamAborted;
}

/**
 * Node names the cause. workerd says "Network connection lost" both when a connection was refused and when it broke after
 * the request, so there a dispatch without an answer stays ambiguous.
 */
function connectionNeverMade(failure: unknown): boolean {
  if (!(failure instanceof Error) || !(failure.cause instanceof Error)) return false;
  const { cause } = failure;
  return "code" in cause && typeof cause.code === "string" && unconnected.has(cause.code);
}

const unconnected = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

/** Ids, codes and numbers only: what an upstream writes may repeat prompts and keys. */
function warn({ options, request }: Exchange, event: string, fields: LogFields): void {
  const { runId, dispatchId } = request;
  // That somebody stopped the run is nothing to look into.
  const level = fields["code"] === "aborted" ? "info" : "warn";
  options.log.log(level, event, { runId, dispatchId, dialect: options.dialect, ...fields });
}
