import type { Clock } from "../base/clock.ts";
import { describeBug, type Log } from "../base/log.ts";
import type { AiError, AiEvent } from "../ports/ai-event.ts";
import type {
  CallJournal,
  CallOpening,
  CompletionFinalResult,
  CompletionGateway,
  CompletionRequest,
  CompletionUnit,
  GatewayEnd,
  GatewayHeaders,
} from "../ports/completion.ts";
import type { ModelCatalog, ModelEntry } from "../ports/model-catalog.ts";
import type { RunContext } from "../ports/run-context.ts";
import type { ExecutorType } from "../ports/usage-fact.ts";
import { closableStream } from "./closable-stream.ts";
import { concludeCall, concludeWithoutOutput, type Conclusion } from "./conclude-call.ts";
import { upstreamAborted } from "./gateway-errors.ts";
import { type Gateways, intentOf, routeOf } from "./plan-call.ts";
import { countsOf } from "./usage-fact.ts";

export interface CompletionUnitDeps {
  context: RunContext;
  executorType: ExecutorType;
  models: ModelCatalog;
  gateways: Gateways;
  journal: CallJournal;
  markupBasisPoints: number;
  clock: Clock;
  log: Log;
  /** The run's: aborting it stops the call. */
  signal: AbortSignal;
}

/**
 * One billable model call, and the only way to make one: opened in the journal, dispatched or replayed, and recorded with
 * its usage. The stream yields `text_delta` and at most one `usage_report`; it never throws and never says `done`.
 * `final` never rejects. It settles when the stream has been drained, or closed: closing aborts the upstream (for a model
 * with `onStop: "drain"`: reads it to its end) and waits until what is known of the call is recorded.
 */
export function executeCompletionUnit(
  deps: CompletionUnitDeps,
  request: CompletionRequest,
): CompletionUnit {
  const outcome = Promise.withResolvers<CompletionFinalResult>();
  const finish: Finish = (end) =>
    outcome.resolve("code" in end ? failure(deps.context.requestId, end) : end);
  const stream = closableStream(
    deps.signal,
    (signal) => runCall(deps, request, signal, finish),
    () => finish(upstreamAborted),
  );
  return { stream, final: outcome.promise };
}

/** Settles `final`, with a result or with an error that no usage belongs to. The first one counts. */
type Finish = (end: CompletionFinalResult | AiError) => void;

function failure(requestId: string, error: AiError): CompletionFinalResult {
  return { ok: false, requestId, error, usage: null };
}

async function* runCall(
  deps: CompletionUnitDeps,
  request: CompletionRequest,
  signal: AbortSignal,
  finish: Finish,
): AsyncGenerator<AiEvent, void> {
  const { runId, requestId } = deps.context;
  try {
    const route = routeOf(request.model, deps.models, deps.gateways);
    if (!route.ok) return finish(route.error);
    if (signal.aborted) return finish(upstreamAborted);
    const opening = await deps.journal.open(intentOf(request, route.entry, deps.markupBasisPoints));
    switch (opening.kind) {
      case "refused":
        return finish(opening.error);
      case "replay": {
        const { output, fact } = opening;
        finish({ ok: true, requestId, output, usage: countsOf(fact) });
        yield { type: "usage_report", fact };
        return;
      }
      case "dispatch":
        yield* dispatch({ deps, request, opening, signal, finish, ...route });
    }
  } catch (bug) {
    deps.log.log("error", "completion.bug", { runId, requestId, ...describeBug(bug) });
    finish(brokenInside);
  }
}

const brokenInside: AiError = {
  code: "internal",
  message: "The model call failed inside Runledger. Give the run's id to the operator.",
};

interface Dispatch {
  deps: CompletionUnitDeps;
  request: CompletionRequest;
  opening: Extract<CallOpening, { kind: "dispatch" }>;
  entry: ModelEntry;
  gateway: CompletionGateway;
  signal: AbortSignal;
  finish: Finish;
}

async function* dispatch(call: Dispatch): AsyncGenerator<AiEvent, void> {
  const { deps, request, opening, entry, gateway, signal, finish } = call;
  const { callId, dispatchId, messageId } = opening;
  const giveUp = new AbortController();
  const upstream = gateway.executeStream({
    model: request.model,
    messages: request.messages,
    tools: request.tools,
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    maxOutputTokens: entry.maxOutputTokens,
    dispatchId,
    endUser: `${deps.context.runId}/${deps.context.attempt}`,
    runId: deps.context.runId,
    signal: entry.onStop === "drain" ? giveUp.signal : AbortSignal.any([signal, giveUp.signal]),
  });
  const events = upstream[Symbol.asyncIterator]();
  const seen = {
    headers: null as GatewayHeaders | null,
    end: null as GatewayEnd | null,
    isRecording: false,
    isRecorded: false,
  };

  /** Takes one event from the upstream and returns the text in it. */
  async function step(): Promise<string> {
    const next = await events.next();
    if (next.done === true) {
      seen.end = stoppedWithoutEnd;
      return "";
    }
    switch (next.value.type) {
      case "headers":
        seen.headers = next.value;
        deps.journal.dispatched(callId, next.value);
        return "";
      case "text":
        return next.value.delta;
      case "end":
        seen.end = next.value;
        await events.return?.();
        return "";
    }
  }

  const concludable = { ...deps, ...opening, entry, request, source: gateway.source };

  function record(end: GatewayEnd): Conclusion {
    seen.isRecording = true;
    const conclusion = concludeCall(concludable, end, seen.headers);
    seen.isRecorded = true;
    finish(conclusion.result);
    return conclusion;
  }

  try {
    while (seen.end === null) {
      const delta = await step();
      if (delta !== "") {
        yield { type: "text_delta", messageId, nodeKey: request.nodeKey, delta };
      }
    }
    const { fact } = record(seen.end);
    if (fact !== null) yield { type: "usage_report", fact };
  } catch (bug) {
    finish(brokenInside);
    giveUp.abort();
    throw bug;
  } finally {
    // Closed early, or failed inside: what the upstream still says before it is closed decides the receipt.
    if (!seen.isRecorded) {
      while (seen.end === null) await step();
      // What could not be recorded once will not be the second time; what the call used still can.
      if (seen.isRecording)
        concludeWithoutOutput(concludable, seen.end, seen.headers, brokenInside);
      else record(seen.end);
    }
  }
}

const stoppedWithoutEnd: GatewayEnd = {
  type: "end",
  ok: false,
  error: brokenInside,
  sent: true,
  answered: true,
  answer: null,
};
