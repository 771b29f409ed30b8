import type { AiError, AiEvent, RunUsage } from "./ai-event.ts";
import type { ChatMessage } from "./completion.ts";
import type { InterruptAnswer } from "./graph-runner.ts";
import type { JsonObject } from "./json.ts";
import type { RunContext, RunLimits } from "./run-context.ts";

export interface GraphRunRequest {
  readonly context: RunContext;
  /** The conversation including the new user message, oldest first. Never a client's system message. */
  readonly messages: readonly ChatMessage[];
  /** The run's default model; a node override in `configurable` beats it. */
  readonly model: string;
  /** JSON only: node-keyed overrides such as `planner__model`. */
  readonly configurable: JsonObject;
  /** Narrows the graph's own tool list; null leaves it whole. */
  readonly toolIds: readonly string[] | null;
  readonly limits: RunLimits;
  /** The latest answer to an interrupt of this run; null when nobody was asked. */
  readonly answer: InterruptAnswer | null;
  /** Aborting it ends the run with `error aborted`, `done cancelled`, after the upstream is closed. */
  readonly signal: AbortSignal;
}

export type GraphFinal =
  | {
      ok: true;
      interrupted: false;
      content: string;
      usage: RunUsage;
      requestId: string;
      finishReason?: string;
    }
  | { ok: true; interrupted: true; usage: RunUsage; requestId: string }
  | { ok: false; error: AiError; usage: RunUsage; requestId: string };

export interface GraphRun {
  readonly stream: AsyncIterable<AiEvent>;
  readonly final: Promise<GraphFinal>;
}

/**
 * The only way to run a graph. Rules that every implementation and decorator keeps (the conformance suite runs them):
 *
 * - Lazy: nothing happens upstream before the first pull of `stream`.
 * - One end: the last event is `done`, exactly once, or the last events are `interrupt`, one for each question that is
 *   open; what would follow is dropped.
 * - `final` resolves exactly once and never rejects, also when the stream is closed early or before its first pull.
 * - The stream never throws: a failure is an `error` event, then `done`.
 * - A `usage_report` comes after the content of its call and before the end.
 * - Closing the stream (`return()`) cancels the work and waits until the upstream is closed.
 * - A decorator calls its inner executor at most once, keeps the order of events, and holds the end back until its own
 *   work is durable.
 */
export interface GraphExecutorPort {
  runGraph(request: GraphRunRequest): GraphRun;
}
