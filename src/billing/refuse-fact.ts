import type { UsageFact } from "../ports/usage-fact.ts";
import type { BillingDeps, CommitReport } from "./posting.ts";
import { factProblem } from "./pricing.ts";

type RefusedFact = CommitReport["refused"][number];

/** Parts the facts that can be posted from those that no ledger can hold. */
export function sift(
  deps: BillingDeps,
  facts: readonly UsageFact[],
): { postable: UsageFact[]; refused: RefusedFact[] } {
  const postable: UsageFact[] = [];
  const refused: RefusedFact[] = [];
  for (const fact of facts) {
    const problem = factProblem(fact, deps.markupBasisPoints);
    if (problem === null) postable.push(fact);
    else refused.push(refuseFact(deps, fact, problem));
  }
  return { postable, refused };
}

/** Alarms: a refused fact is usage that somebody has to look at. */
export function refuseFact({ log }: BillingDeps, fact: UsageFact, reason: string): RefusedFact {
  const event =
    reason === "receipt_conflict" ? "billing.receipt_conflict" : "billing.receipt_refused";
  const { runId, attempt, requestId, graphId, usageUnitId, source } = fact;
  log.log("error", event, { runId, attempt, requestId, graphId, usageUnitId, source, reason });
  return { fact, reason };
}
