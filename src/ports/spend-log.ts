import type { JsonValue } from "./json.ts";
import type { SourceSystem, TokenCounts } from "./usage-fact.ts";

/** One call as the gateway has it in its own books. */
export interface SpendRow extends TokenCounts {
  /** The log's own key; where an answer named itself, that id of the provider. */
  requestId: string;
  /** The gateway's id of the call: what its response headers said. */
  callId: string | null;
  /** Ours, as sent along with the call. */
  dispatchId: string | null;
  endUser: string;
  model: string;
  isFailure: boolean;
  /** Exact decimal text; null where the log states none that can be read. */
  costUsd: string | null;
  /** ISO 8601 UTC. */
  startedAt: string | null;
  /** What the log said of the usage, as evidence. */
  raw: JsonValue;
}

export interface SpendQuery {
  /** `runId/attempt`, as it was sent upstream. */
  endUser: string;
  /** Milliseconds; rows of calls begun between the two. */
  from: number;
  to: number;
}

/**
 * `next` is the number of the page after this one, null at the end. `unreadable` counts the rows of the page that could not
 * be read and may be the end user's: what they say is unknown, and nothing is absent while there are any.
 */
export type SpendPage =
  | { kind: "page"; rows: SpendRow[]; unreadable: number; next: number | null }
  | { kind: "unavailable"; reason: "unreachable" | "refused" | "unreadable" };

/** A gateway's own record of what it was asked and what that cost. Reading it never throws. */
export interface SpendLog {
  readonly source: SourceSystem;
  /**
   * Pages are numbered from 1. The same row may come twice: the log grows while it is read. Aborted, it is unreachable.
   */
  readPage(query: SpendQuery, page: number, signal?: AbortSignal): Promise<SpendPage>;
}
