import type { AiError, AiEvent } from "./ai-event.ts";
import type { ChatMessage, CompletionFn } from "./completion.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { ToolExecFn } from "./tools.ts";

/** Receives what a node's model call streams, in order; may make the node wait. */
export type TokenSink = (event: AiEvent) => void | Promise<void>;

/** A question that a graph asks a person, as JSON. */
export interface Interrupt {
  /** Names this very question: a second one of the same node has another id. */
  interruptId: string;
  value: JsonValue;
}

/** A person's answer to an interrupt. */
export interface InterruptAnswer {
  interruptId: string;
  value: JsonValue;
}

/** The part of a run's own storage that its checkpoints are kept in. */
export interface CheckpointStorage {
  readonly sql: {
    exec<Row extends Record<string, string | number | ArrayBuffer | null>>(
      query: string,
      ...bindings: unknown[]
    ): { toArray(): Row[] };
  };
  /** All of `work`'s writes or none. */
  transactionSync<T>(work: () => T): T;
}

export interface GraphInvocation {
  /** The graph's name, without provider. */
  graphName: string;
  messages: readonly ChatMessage[];
  /**
   * Where the run's checkpoints are. When there is one already, the graph goes on from the last and `messages` are not
   * looked at; null: the graph runs in memory, from its start.
   */
  checkpoints: CheckpointStorage | null;
  /** The latest answer. Given again after a crash, it is not delivered twice. */
  answer: InterruptAnswer | null;
  /** JSON: `model`, `runId`, `attempt`, `toolIds`, node overrides. */
  configurable: JsonObject;
  maxSteps: number;
  signal: AbortSignal;
  completionFn: CompletionFn;
  tokenSink: TokenSink;
  toolExecFn: ToolExecFn;
}

export type GraphOutcome =
  | { kind: "final"; messageId: string; content: string; finishReason?: string }
  | { kind: "interrupted"; interrupts: readonly Interrupt[] }
  | { kind: "failed"; error: AiError };

/** Runs one in-process graph to its end; never rejects. Implemented once, beside the graphs. */
export interface GraphRunner {
  run(invocation: GraphInvocation): Promise<GraphOutcome>;
}
