import type { AiError, AiEvent } from "../../../src/ports/ai-event.ts";
import type { GraphExecutorPort, GraphRunRequest } from "../../../src/ports/graph-executor.ts";
import type { ExecutorParts } from "../../../src/run/open-run.ts";
import { unknownFact } from "../../../src/completion/unknown-fact.ts";
import { EventQueue } from "../../../src/executor/event-queue.ts";
import { factOf } from "../../conformance/fakes.ts";
import type { GatewayLog } from "./gateway-log.ts";
import type { Script, Step } from "./script.ts";

const usage = { calls: 0, inputTokens: 0, outputTokens: 0 };
const aborted = { code: "aborted", message: "The run was stopped." } as const;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

class Failed extends Error {
  readonly reason: { code: AiError["code"]; message: string };

  constructor(reason: Failed["reason"]) {
    super(reason.message);
    this.reason = reason;
  }
}

/**
 * Runs a script against a real journal, as a graph without checkpoints would: every run starts from the first step, so
 * that every settled call has to be replayed. An answer is known to it only by the request.
 */
export function scriptedExecutor(script: Script, gateway: GatewayLog, answers: Set<string>) {
  return (parts: ExecutorParts): GraphExecutorPort => ({
    runGraph: (request) => ({
      final: new Promise(() => {}),
      stream: play(script, gateway, answers, parts, request),
    }),
  });
}

async function* play(
  script: Script,
  gateway: GatewayLog,
  answers: Set<string>,
  parts: ExecutorParts,
  request: GraphRunRequest,
): AsyncGenerator<AiEvent> {
  const queue = new EventQueue();
  if (request.answer !== null) answers.add(request.answer.interruptId);
  const running = work(script, gateway, answers, parts, request, queue).finally(() =>
    queue.close(),
  );
  running.catch(() => {});
  for await (const event of queue.read()) yield event;
  let last: Text;
  try {
    const result = await running;
    if (result.kind === "asks") {
      yield { type: "interrupt", interruptId: result.interruptId, value: "Go on?" };
      return;
    }
    last = result;
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    yield { type: "error", ...error.reason };
    yield { type: "done", status: request.signal.aborted ? "cancelled" : "error", usage };
    return;
  }
  yield { type: "assistant_final", messageId: last.messageId, content: last.text };
  yield { type: "done", status: "success", usage };
}

interface Text {
  kind: "text";
  messageId: string;
  text: string;
}

async function work(
  script: Script,
  gateway: GatewayLog,
  answers: Set<string>,
  parts: ExecutorParts,
  request: GraphRunRequest,
  queue: EventQueue,
): Promise<Text | { kind: "asks"; interruptId: string }> {
  let last: Text = { kind: "text", messageId: "none", text: "" };
  for (const [index, step] of [...script.steps, end].entries()) {
    if (request.signal.aborted) throw new Failed(aborted);
    if (step.kind === "asks") {
      const interruptId = `ask-${index}.0`;
      if (!answers.has(interruptId)) return { kind: "asks", interruptId };
    } else if (step.kind === "tool") {
      const toolCallId = `tool-${index}`;
      const messageId = last.messageId;
      await queue.push({ type: "tool_call_start", toolCallId, messageId, toolName: "t", args: {} });
      await turn();
      await queue.push({ type: "tool_call_result", toolCallId, messageId, result: "done" });
    } else {
      const chunks = step.kind === "calls" ? step.chunks : [1];
      const isFirst = request.context.attempt === 0;
      const isRefused = step.kind === "fails" && isFirst;
      const breaks = step.kind === "breaks" && isFirst;
      const calls = chunks.map((count, branch) =>
        call(gateway, parts, request, queue, {
          ...{ place: `${index}:${branch}`, count, isRefused, breaks },
        }),
      );
      const settled = await Promise.allSettled(calls);
      for (const outcome of settled) {
        if (outcome.status === "rejected") throw outcome.reason;
        last = outcome.value;
      }
    }
  }
  return last;
}

/** Every script ends with an answer. */
const end: Step = { kind: "calls", chunks: [2] };

async function call(
  gateway: GatewayLog,
  { journal, commit }: ExecutorParts,
  { context: runContext, signal }: GraphRunRequest,
  queue: EventQueue,
  {
    place,
    count,
    isRefused,
    breaks,
  }: { place: string; count: number; isRefused: boolean; breaks: boolean },
): Promise<Text> {
  const opening = await journal.open({
    nodeKey: place,
    checkpointNs: place,
    requestHash: "hash",
    model: "fake/model",
    mostCredits: 200,
  });
  if (opening.kind === "refused") {
    const { code, message } = opening.error;
    throw new Failed({ code, message });
  }
  if (opening.kind === "replay") {
    await commit(opening.fact);
    const { messageId, text } = opening.output;
    return { kind: "text", messageId, text };
  }
  const { callId, dispatchId, messageId } = opening;
  await turn();
  const { runId, attempt } = runContext;
  const upstream = gateway.receive({ callId, dispatchId, endUser: `${runId}/${attempt}` });
  if (isRefused) {
    const error = { code: "rate_limit", message: "Too many." } as const;
    journal.fail(callId, { state: "failed", error, fact: null });
    throw new Failed(error);
  }
  upstream.answered = true;
  await turn();
  const { unitId } = upstream;
  journal.dispatched(callId, { callId: unitId, costUsd: null, servedModel: null });
  const pieces = Array.from({ length: count }, (_, chunk) => `${place}/${chunk} `);
  for (const [chunk, delta] of pieces.entries()) {
    if (chunk === pieces.length - 1) await gateway.pass(signal);
    await turn();
    if (signal.aborted) {
      journal.fail(callId, {
        state: "cancelled",
        error: aborted,
        fact: unknownFact(runContext, {
          usageUnitId: unitId,
          source: "litellm",
          provider: "fake",
          model: "fake/model",
          executorType: "inproc",
          occurredAt: "2026-01-01T00:00:00.000Z",
        }),
      });
      throw new Failed(aborted);
    }
    await queue.push({ type: "text_delta", messageId, nodeKey: place, delta });
  }
  const fact = factOf({
    ...runContext,
    usageUnitId: unitId,
    providerCallId: `provider-${unitId}`,
  });
  if (breaks) {
    const error = { code: "provider_unavailable", message: "The answer broke off." } as const;
    const estimated = { ...fact, settlement: "estimated", provenance: "estimate" } as const;
    journal.fail(callId, { state: "failed", error, fact: estimated });
    await commit(estimated);
    throw new Failed(error);
  }
  const text = pieces.join("");
  const output = { messageId, text, toolCalls: [], finishReason: "stop", servedModel: null };
  journal.settle(callId, { output, fact });
  await commit(fact);
  return { kind: "text", messageId, text };
}
