import { assert } from "../base/assert.ts";
import type { LogFields } from "../base/log.ts";
import type { AiError, AiErrorCode } from "../ports/ai-event.ts";
import type {
  CallJournal,
  CompletionFinalResult,
  CompletionOutput,
  GatewayAnswer,
  GatewayEnd,
  GatewayHeaders,
} from "../ports/completion.ts";
import type { UsageFact } from "../ports/usage-fact.ts";
import { hasBegun } from "./estimate-usage.ts";
import { refusedCredentialsStatus } from "./gateway-errors.ts";
import type { DispatchedCall } from "./usage-fact.ts";
import { countsOf, estimatedFact, factWithoutUsage, finalFact } from "./usage-fact.ts";

export interface ConcludableCall extends DispatchedCall {
  journal: Pick<CallJournal, "isUnitTaken" | "settle" | "fail">;
  messageId: string;
}

export interface Conclusion {
  result: CompletionFinalResult;
  /** null when the dispatch is void: no connection, or an answer other than 2xx. */
  fact: UsageFact | null;
}

/** Records how a dispatch ended, with the one fact that it owes. `headers` is null when none arrived. */
export function concludeCall(
  call: ConcludableCall,
  end: GatewayEnd,
  headers: GatewayHeaders | null,
): Conclusion {
  const { requestId } = call.context;
  const whole = wholeAnswerOf(end);
  if (whole !== null) {
    const fact = answeredFact(call, whole, true, null);
    const output = outputOf(call, whole);
    call.journal.settle(call.callId, { output, fact });
    return { result: { ok: true, requestId, output, usage: countsOf(fact) }, fact };
  }
  assert(!end.ok, "what ended well was answered");
  const { error, answer } = end;
  const status = refusedCredentialsStatus(error);
  if (status !== null) {
    // Not a warning like other refusals: every call fails until the operator changes the key.
    call.log.log("error", "completion.gateway_credentials", { ...idsOf(call), status });
  }
  const fact = owedFact(call, end, headers);
  const state = error.code === "aborted" ? "cancelled" : "failed";
  call.journal.fail(call.callId, { state, error, fact });
  const usage = answer === null || answer.usage === null ? null : countsOf(answer.usage);
  return { result: { ok: false, requestId, error, usage }, fact };
}

/**
 * Records a dispatch whose end could not be recorded once: as failed with `error`, without its output, which may be what
 * did not fit. What it used is known all the same, and billed.
 */
export function concludeWithoutOutput(
  call: ConcludableCall,
  end: GatewayEnd,
  headers: GatewayHeaders | null,
  error: AiError,
): void {
  const fact = end.ok ? answeredFact(call, end.answer, true, null) : owedFact(call, end, headers);
  call.journal.fail(call.callId, { state: "failed", error, fact });
}

/**
 * An answer that was said to its end and counted is settled, whatever became of the connection after that: nobody has to
 * ask for it again, and nobody pays for it twice.
 */
function wholeAnswerOf(end: GatewayEnd): GatewayAnswer | null {
  if (end.ok) return end.answer;
  const { answer } = end;
  const isWhole = answer !== null && answer.finishReason !== null && answer.isUsageWhole;
  return isWhole ? answer : null;
}

/** Headers without an answer are those of a status other than 2xx. No headers: the request may have been worked on. */
function owedFact(
  call: ConcludableCall,
  end: Extract<GatewayEnd, { ok: false }>,
  headers: GatewayHeaders | null,
): UsageFact | null {
  const wasRefused = headers !== null && !end.answered;
  if (!end.sent || wasRefused) return null;
  if (end.answer === null) return factWithoutUsage(call, null, headers?.callId ?? null);
  return answeredFact(call, end.answer, end.answer.isUsageWhole, end.error.code);
}

function answeredFact(
  call: ConcludableCall,
  answer: GatewayAnswer,
  isUsageWhole: boolean,
  errorCode: AiErrorCode | null,
): UsageFact {
  if (isUsageWhole && answer.usage !== null) return finalFact(call, answer, answer.usage);
  // We left while a model was at work, or it had begun; an empty body that ended by itself is no sign of a model.
  const wasLeft = errorCode === "aborted" || errorCode === "timeout";
  const isKnown = wasLeft || hasBegun(answer);
  const event = isKnown ? "billing.usage_estimated" : "billing.usage_unknown";
  if (errorCode === "aborted") call.log.log("info", event, { ...idsOf(call), why: "stopped" });
  else call.log.log("warn", event, idsOf(call));
  return isKnown ? estimatedFact(call, answer) : factWithoutUsage(call, answer, answer.callId);
}

function idsOf({ context, dispatchId, source }: ConcludableCall): LogFields {
  return { runId: context.runId, dispatchId, source };
}

function outputOf(call: ConcludableCall, answer: GatewayAnswer): CompletionOutput {
  return {
    messageId: call.messageId,
    text: answer.text,
    toolCalls: answer.toolCalls,
    finishReason: answer.finishReason ?? "stop",
    servedModel: answer.servedModel,
  };
}
