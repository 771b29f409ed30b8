import { describeBug, type Log } from "../base/log.ts";
import type { AiError, AiEvent, RunUsage } from "../ports/ai-event.ts";
import type { GraphFinal, GraphRun, GraphRunRequest } from "../ports/graph-executor.ts";

/** Yields the events of one run; may throw, may stop without an end: `createRun` makes it honest. */
export type RunBody = (request: GraphRunRequest) => AsyncIterable<AiEvent>;

export const noUsage: RunUsage = { calls: 0, inputTokens: 0, outputTokens: 0 };

const unexplained: AiError = {
  code: "internal",
  message:
    "The run failed inside Runledger. What it used is billed. Start it again, or give the run's id to the operator.",
};

/**
 * Makes a `GraphRun` that keeps the port's rules out of a body that only yields events, so that no transport or
 * decorator has to know them: lazy, one end, no throw, `final` always resolves, closing cancels.
 *
 * `final` is read off the very events that the consumer sees, so the two cannot disagree. The body gets the request with
 * a signal of its own that also aborts when the stream is closed: an async generator alone cannot be closed while it
 * waits for its upstream, and runs no `finally` when closed before its first pull. The end, of whatever kind, is shown
 * only after the body is closed: questions are collected until nothing but more of them could come.
 */
export function createRun(request: GraphRunRequest, body: RunBody, log: Log): GraphRun {
  const { requestId, runId } = request.context;
  const closing = new AbortController();
  const outcome = Promise.withResolvers<GraphFinal>();
  let inner: AsyncIterator<AiEvent> | null = null;
  let isEnded = false;
  let usage = noUsage;
  let error: AiError | null = null;
  let content = "";
  /** Observed, and still to be shown. */
  let ready: AiEvent[] = [];

  function reportBug(bug: unknown): void {
    log.log("error", "executor.bug", { runId, requestId, ...describeBug(bug) });
  }

  function observe(event: AiEvent): void {
    switch (event.type) {
      case "assistant_final":
        content = event.content;
        break;
      case "error":
        error = { code: event.code, message: event.message };
        break;
      case "interrupt":
        outcome.resolve({ ok: true, interrupted: true, usage, requestId });
        break;
      case "done":
        usage = event.usage;
        outcome.resolve(
          event.status === "success"
            ? {
                ok: true,
                interrupted: false,
                content,
                usage,
                requestId,
                ...(event.finishReason === undefined ? {} : { finishReason: event.finishReason }),
              }
            : { ok: false, error: error ?? unexplained, usage, requestId },
        );
        break;
      default:
    }
  }

  /** The body's next event; null when it has stopped, which it may after a question only, or thrown. */
  async function read(mayStop: boolean): Promise<AiEvent | null> {
    try {
      inner ??= body({
        ...request,
        signal: AbortSignal.any([request.signal, closing.signal]),
      })[Symbol.asyncIterator]();
      const next = await inner.next();
      if (next.done !== true) return next.value;
      if (!mayStop && !isEnded) reportBug(new Error("a run's body stopped without an end"));
    } catch (bug) {
      reportBug(bug);
    }
    return null;
  }

  /** The last events of all: `event` and the questions after it, or the end that a body without one is given. */
  async function readEnd(event: AiEvent | null): Promise<AiEvent[]> {
    if (event === null) {
      const done: AiEvent = { type: "done", status: "error", usage };
      return error === null ? [{ type: "error", ...unexplained }, done] : [done];
    }
    const events = [event];
    if (event.type !== "interrupt") return events;
    for (let more = await read(true); more?.type === "interrupt"; more = await read(true)) {
      events.push(more);
    }
    return events;
  }

  async function end(event: AiEvent | null): Promise<void> {
    const events = await readEnd(event);
    // The consumer may have closed the stream while this was waiting.
    if (isEnded) return;
    for (const each of events) observe(each);
    ready.push(...events);
    await close();
  }

  async function close(): Promise<void> {
    isEnded = true;
    closing.abort();
    try {
      await inner?.return?.();
    } catch (bug) {
      reportBug(bug);
    }
  }

  const iterator: AsyncIterator<AiEvent> = {
    async next() {
      if (ready.length === 0 && !isEnded) {
        const event = await read(false);
        // The consumer may have closed the stream while this pull was waiting.
        if (isEnded) return nothing;
        if (event !== null && !isLast(event)) {
          observe(event);
          return { done: false, value: event };
        }
        await end(event);
      }
      const event = ready.shift();
      return event === undefined ? nothing : { done: false, value: event };
    },
    async return() {
      ready = [];
      if (!isEnded) {
        await close();
        const message = "The run was closed before its end.";
        outcome.resolve({ ok: false, error: { code: "aborted", message }, usage, requestId });
      }
      return { done: true, value: undefined };
    },
  };
  return { stream: { [Symbol.asyncIterator]: () => iterator }, final: outcome.promise };
}

const nothing = { done: true, value: undefined } as const;

function isLast({ type }: AiEvent): boolean {
  return type === "done" || type === "interrupt";
}

/** The whole of a run that is refused before anything starts. */
export async function* refusal(error: AiError): AsyncGenerator<AiEvent> {
  yield { type: "error", ...error };
  yield { type: "done", status: "error", usage: noUsage };
}
