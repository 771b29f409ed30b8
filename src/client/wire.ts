import type { ExecutorType, Provenance, Settlement } from "../ports/usage-fact.ts";
import type { SourceSystem, TokenCounts, Trigger } from "../ports/usage-fact.ts";
import type { LiveRun, RunStatus } from "../ports/run.ts";

/** Answers of the HTTP interface that have no type among the ports. Times are ISO 8601 UTC, money is in credits. */

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export interface Agent {
  agentId: string;
  graphId: string;
  name: string;
  description: string;
  toolIds: string[];
  nodeKeys: string[];
  interrupts: boolean;
}

export interface AgentList {
  agents: Agent[];
  defaultAgentId: string;
}

export interface Model {
  id: string;
  name: string;
  provider: string;
  free: boolean;
  inputUsdPerMTok: string;
  outputUsdPerMTok: string;
  contextTokens: number;
}

export interface ModelList {
  models: Model[];
  defaultModelId: string;
}

export interface StartedRun {
  runId: string;
  threadId: string;
  graphId: string;
  status: RunStatus;
  attempt: number;
}

/** A run as the API shows it. `interrupts` is there only while it waits for an answer. */
export interface Run extends Omit<LiveRun, "lastSeq" | "interrupts" | "threadId"> {
  /** null: a slot that was skipped. */
  threadId: string | null;
  interrupts?: LiveRun["interrupts"];
  accountId: string;
  trigger: Trigger;
  scheduleId: string | null;
  scheduledFor: string | null;
  createdAt: string;
}

/** What is true of a call from here on: counts and cost are absolute. */
export interface Correction {
  reference: string;
  reason: "correction" | "refund";
  settlement: Settlement;
  provenance: Provenance;
  inputTokens: number;
  outputTokens: number;
  costUsd: string;
  /** Credits that the charge changed by. */
  chargedDelta: number;
  createdAt: string;
}

export interface Receipt extends TokenCounts {
  receiptId: string;
  sourceSystem: SourceSystem;
  sourceReference: string;
  usageUnitId: string;
  providerCallId: string | null;
  runId: string;
  attempt: number;
  requestId: string;
  graphId: string;
  executorType: ExecutorType;
  virtualKeyId: string;
  trigger: Trigger;
  provenance: Provenance;
  settlement: Settlement;
  provider: string;
  model: string;
  costUsd: string;
  chargedCredits: number;
  priceVersion: string;
  createdAt: string;
  effective: {
    settlement: Settlement;
    provenance: Provenance;
    inputTokens: number;
    outputTokens: number;
    costUsd: string;
    chargedCredits: number;
  };
  /** In order. */
  corrections: Correction[];
}

export interface ThreadSummary {
  threadId: string;
  title: string;
  updatedAt: string;
}

export interface ThreadMessage {
  messageId: string;
  role: "user" | "assistant";
  content: string;
  runId: string | null;
  createdAt: string;
}

export interface Thread extends ThreadSummary {
  messages: ThreadMessage[];
}

export interface Usage {
  chargedCredits: number;
  calls: number;
  inputTokens: number;
  outputTokens: number;
}

export interface ActivitySeries {
  key: string;
  points: ({ at: string } & Usage)[];
}

export interface Activity {
  from: string;
  to: string;
  step: string;
  totals: Usage & { runs: number };
  series: ActivitySeries[];
}

export interface Schedule {
  scheduleId: string;
  name: string;
  graphId: string;
  message: string;
  model: string | null;
  cron: string;
  timezone: string;
  overlap: "skip" | "allow" | "cancel_previous";
  catchUp: "one" | "none";
  enabled: boolean;
  nextRunAt: string | null;
  lastRunAt: string | null;
  lastStatus: string | null;
  pausedReason: string | null;
  missedSlots: number;
  createdAt: string;
}

export interface Account {
  accountId: string;
  name: string;
  balanceCredits: number;
  heldCredits: number;
  availableCredits: number;
  /** In a day and in a month, UTC; null: no cap. */
  caps: Record<"day" | "month", { maxCredits: number; chargedCredits: number } | null>;
}

export interface LedgerEntry {
  entryId: string;
  amountCredits: number;
  balanceAfterCredits: number;
  reason: "top_up" | "charge" | "correction" | "refund";
  reference: string;
  receiptId?: string | null;
  createdAt: string;
}

export interface ApiKey {
  keyId: string;
  label: string;
  scopes: string[];
  expiresAt: string | null;
  maxCredits: number | null;
  maxCreditsPerDay: number | null;
  maxCreditsPerMonth: number | null;
  revokedAt: string | null;
  createdAt: string;
}
