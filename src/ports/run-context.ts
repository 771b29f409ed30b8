import type { Trigger } from "./usage-fact.ts";

/** The one context of a run attempt; every layer receives this object and none wraps it. */
export interface RunContext {
  readonly runId: string;
  /** Starts at 0. A resume keeps it, an explicit retry adds one. */
  readonly attempt: number;
  /** The request that started the run: correlation, never an idempotency key. */
  readonly requestId: string;
  /** `provider:graph`. */
  readonly graphId: string;
  readonly billingAccountId: string;
  readonly virtualKeyId: string;
  readonly trigger: Trigger;
}

/** `maxCredits` holds for the run, the others for each of its attempts. */
export interface RunLimits {
  /** Model calls. */
  maxCalls: number;
  /** Credits that the run may be charged (10,000,000 = 1 USD). */
  maxCredits: number;
  /** From the attempt's start, or from the answer with which it went on. */
  maxWallSeconds: number;
  /** Graph steps (LangGraph's recursion limit). */
  maxSteps: number;
}
