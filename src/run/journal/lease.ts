import type { AiError } from "../../ports/ai-event.ts";

/** The run's credit as its RunObject spends it. All in credits. */
export interface LeaseState {
  /** Reserved for this run in D1, in all. */
  leaseCredits: number;
  /** Charged by settled calls. */
  chargedCredits: number;
  /** The most that calls under way can still be charged. */
  openCredits: number;
  /** `limits.maxCredits`. */
  maxCredits: number;
}

/** Ask D1 to raise the lease to a total, or, where that is refused, to what the call needs. */
export interface LeaseTopUp {
  kind: "top_up";
  leaseCredits: number;
  neededCredits: number;
}

export type LeaseDecision = { kind: "covered" } | LeaseTopUp | { kind: "refused"; error: AiError };

/**
 * Whether one more call may be dispatched. A call is covered when everything charged, everything that open calls can
 * still cost and the most that this one can cost fit into the lease: then concurrency cannot overspend it. A top-up
 * asks for one further call of the same size, so that a tool loop does not ask at every step, but does not insist on it.
 */
export function decideLease(lease: LeaseState, mostCredits: number): LeaseDecision {
  const needed = lease.chargedCredits + lease.openCredits + mostCredits;
  if (needed <= lease.leaseCredits) return { kind: "covered" };
  if (needed > lease.maxCredits) return { kind: "refused", error: capReached(lease.maxCredits) };
  const leaseCredits = Math.min(needed + mostCredits, lease.maxCredits);
  return { kind: "top_up", leaseCredits, neededCredits: needed };
}

/**
 * Whether a run may begin: a paid model needs something left of the lease, which a limit of 0 credits does not give.
 * Admission has already reserved what the account can spare.
 */
export function beginError(
  lease: Pick<LeaseState, "leaseCredits" | "chargedCredits" | "maxCredits">,
  needsCredit: boolean,
): AiError | null {
  const hasSome = lease.leaseCredits > lease.chargedCredits;
  return hasSome || !needsCredit ? null : capReached(lease.maxCredits);
}

export const creditExhausted: AiError = {
  code: "insufficient_credits",
  message:
    "The credit left, or a limit of the account or of the key, does not cover the next model call. What was used is billed. Top up or wait for the limit's next period, then start again.",
};

export const ledgerUnreachable: AiError = {
  code: "internal",
  message:
    "The ledger could not be reached to reserve credit for the next model call. What was used is billed. Start again later.",
};

function capReached(maxCredits: number): AiError {
  return {
    code: "insufficient_credits",
    message: `The next model call could take this run over its limit of ${maxCredits} credits (limits.maxCredits). What was used is billed. Raise the limit, then start again.`,
  };
}
