import type { AiErrorCode, RunUsage } from "./ai-event.ts";
import type { ChatMessage } from "./completion.ts";
import type { Interrupt } from "./graph-runner.ts";
import type { JsonObject } from "./json.ts";
import type { RunContext, RunLimits } from "./run-context.ts";

export type RunStatus =
  | "pending"
  | "running"
  | "interrupted"
  | "success"
  | "error"
  | "cancelled"
  | "skipped";

/**
 * Everything a run needs, made by the Worker or the cron tick and sent to the RunObject in one call. `v` is the shape's
 * version: during a deploy a new Worker may speak to an old object and the other way round.
 */
export interface StartRun {
  v: 1;
  /** Attempt 0; the run id is the server's. */
  context: RunContext;
  /** The run's thread; when `isNewThread`, admission creates it. */
  threadId: string;
  isNewThread: boolean;
  threadTitle: string;
  /** What this request adds: one user message, or a whole conversation for a new thread. */
  messages: ChatMessage[];
  model: string;
  configurable: JsonObject;
  toolIds: string[] | null;
  limits: RunLimits;
  scheduleId: string | null;
  /** ISO 8601 UTC. */
  scheduledFor: string | null;
  /** Hash of the request as validated; the same run id with another hash is refused. */
  requestHash: string;
}

export type StartRefusal =
  | "insufficient_credits"
  | "conflict"
  | "idempotency_conflict"
  | "not_found"
  | "rate_limit"
  | "provider_unavailable";

export type StartOutcome =
  | { ok: true; created: boolean; run: LiveRun }
  /** `isTemporary`: what refused it ends by itself, like a limit for a day. */
  | { ok: false; code: StartRefusal; message: string; isTemporary?: boolean };

export type GoOnRefusal =
  | Exclude<StartRefusal, "idempotency_conflict">
  | "invalid_request"
  /** The run's events and checkpoints were purged. */
  | "gone";

/** What became of an answer to an interrupt, or of a retry. */
export type GoOnOutcome =
  /** `repeated`: the same answer was given before; nothing was done now. */
  { ok: true; repeated: boolean; run: LiveRun } | { ok: false; code: GoOnRefusal; message: string };

/** Every dispatch of a run is in exactly one of the four; `closed` when they add up and none is open. */
export interface Books {
  dispatches: number;
  settled: number;
  unknown: number;
  voided: number;
  open: number;
  closed: boolean;
}

/** A run as its RunObject knows it. Times are ISO 8601 UTC, money is in credits. */
export interface LiveRun {
  runId: string;
  threadId: string;
  graphId: string;
  model: string;
  status: RunStatus;
  attempt: number;
  errorCode: AiErrorCode | null;
  errorMessage: string | null;
  output: string | null;
  startedAt: string | null;
  finishedAt: string | null;
  usage: RunUsage;
  chargedCredits: number;
  heldCredits: number;
  books: Books;
  /** `settled` when all usage is in D1, `reconciling` while it may still be corrected from the gateway's log. */
  billing: "open" | "settled" | "reconciling";
  lastSeq: number;
  /** Questions that wait for an answer; none unless the run is `interrupted`. */
  interrupts: Interrupt[];
}

export type CallState =
  | "intent"
  | "dispatched"
  | "settled"
  | "interrupted"
  | "failed"
  | "cancelled";

/** A row of the call journal. */
export interface RunCall {
  callId: string;
  nodeKey: string;
  /** 1-based order of dispatch within the run. */
  ordinal: number;
  /** 1-based number of this logical call's dispatches. */
  dispatch: number;
  /** The attempt that dispatched it. */
  attempt: number;
  state: CallState;
  model: string;
  startedAt: string;
  endedAt: string | null;
  usageUnitId: string | null;
  receiptId: string | null;
}
