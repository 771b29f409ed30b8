import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { RunUsage } from "../ports/ai-event.ts";
import type { Books, RunStatus } from "../ports/run.ts";
import type { UsageFact } from "../ports/usage-fact.ts";
import type { BatchRetry } from "./repeat-batch.ts";

/** What the ledger's writer needs, is told and answers. */

export interface BillingDeps {
  db: D1Database;
  markupBasisPoints: number;
  log: Log;
  clock: Clock;
  retry?: BatchRetry;
}

export interface CommittedReceipt {
  fact: UsageFact;
  sourceReference: string;
  receiptId: string;
  /** As posted, which may be by an earlier attempt and at the markup of that day; after a correction, what it is now. */
  chargedCredits: number;
}

export interface CommitReport {
  committed: CommittedReceipt[];
  /** Kept out of the ledger and alarmed; everything else went in. */
  refused: { fact: UsageFact; reason: string }[];
}

export interface FinishRun {
  runId: string;
  /** The number of this write of the run row; repeats carry the same one. */
  rev: number;
  /** A final status, or `interrupted`. */
  status: RunStatus;
  errorCode: string | null;
  errorMessage: string | null;
  output: string | null;
  /** Milliseconds; null at an interrupt. */
  finishedAt: number | null;
  /** Added to the thread, if the thread still exists. */
  assistantMessage: string | null;
  books: Books;
  /** The run's own count, logged beside what the ledger has. */
  usage: RunUsage;
  /** Whether the gateway's log may still correct what the run was charged. */
  reconciling: boolean;
  /** What is not in the ledger yet. */
  facts: readonly UsageFact[];
}

/** `current` is false when a later write got there first: the run row was left as it is. */
export type FinishReport = CommitReport & { current: boolean };
