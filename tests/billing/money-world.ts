import fc from "fast-check";
import { assert } from "../../src/base/assert.ts";
import { admitRun, topUpLease } from "../../src/billing/admission.ts";
import { commitUsageFacts, finishRun } from "../../src/billing/billing.ts";
import { addCredits } from "../../src/billing/credits.ts";
import { receiptIdOf, sourceReference } from "../../src/billing/pricing.ts";
import type { StartRun } from "../../src/ports/run.ts";
import type { UsageFact } from "../../src/ports/usage-fact.ts";
import {
  depsOf,
  eager,
  finishOf,
  makeFact,
  makeStart,
  spyOn,
  type Holder,
} from "./ledger-fixture.ts";

export type Fault = "before" | "after" | null;

/** One thing that happens to an account; numbers pick among the runs and facts that exist when it happens. */
export type Step =
  | { kind: "credit"; credits: number }
  | { kind: "admit"; hold: number }
  | { kind: "raise"; run: number; by: number }
  | { kind: "charge"; run: number; costUsd: string; settlement: UsageFact["settlement"] }
  | { kind: "replay"; fact: number; times: number }
  | { kind: "falsify"; fact: number }
  /** The gateway's log says what a call cost. */
  | { kind: "log"; fact: number; costUsd: string }
  | { kind: "refund"; fact: number; credits: number }
  | { kind: "finish"; run: number; status: "success" | "error" | "cancelled" | "interrupted" };

const index = fc.nat({ max: 50 });
const credit = fc.record({
  kind: fc.constant("credit" as const),
  credits: fc.integer({ min: 1, max: 5_000 }),
});
const admit = fc.record({
  kind: fc.constant("admit" as const),
  hold: fc.integer({ min: 0, max: 3_000 }),
});
const raise = fc.record({
  kind: fc.constant("raise" as const),
  run: index,
  by: fc.integer({ min: 0, max: 2_000 }),
});
const charge = fc.record({
  kind: fc.constant("charge" as const),
  run: index,
  costUsd: fc.integer({ min: 0, max: 30_000 }).map((n) => `0.0000${String(n).padStart(5, "0")}`),
  settlement: fc.constantFrom("final", "estimated", "unknown"),
});
const replay = fc.record({
  kind: fc.constant("replay" as const),
  fact: index,
  times: fc.integer({ min: 1, max: 3 }),
});
const falsify = fc.record({ kind: fc.constant("falsify" as const), fact: index });
const log = fc.record({
  kind: fc.constant("log" as const),
  fact: index,
  costUsd: fc.integer({ min: 0, max: 30_000 }).map((n) => `0.0000${String(n).padStart(5, "0")}`),
});
const refund = fc.record({
  kind: fc.constant("refund" as const),
  fact: index,
  credits: fc.integer({ min: 1, max: 2_000 }),
});
const finish = fc.record({
  kind: fc.constant("finish" as const),
  run: index,
  status: fc.constantFrom("success", "error", "cancelled", "interrupted"),
});

/** Mostly what a busy account does, so that each history has charges to go wrong. */
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: credit },
  { weight: 3, arbitrary: admit },
  { weight: 2, arbitrary: raise },
  { weight: 4, arbitrary: charge },
  { weight: 2, arbitrary: replay },
  { weight: 1, arbitrary: falsify },
  { weight: 2, arbitrary: log },
  { weight: 1, arbitrary: refund },
  { weight: 2, arbitrary: finish },
);

const faults = fc.array(fc.constantFrom<Fault>(null, null, "before", "after"), { maxLength: 3 });
export const history = fc.array(fc.record({ step, faults }), {
  minLength: 1,
  maxLength: 25,
  size: "max",
});

interface LiveRun {
  start: StartRun;
  rev: number;
  lease: number;
  facts: UsageFact[];
}

/** The world as the callers know it: what they were told, and what must therefore be in D1. */
export class World {
  readonly runs: LiveRun[] = [];
  readonly facts: UsageFact[] = [];
  credits: number;
  #references = 0;
  readonly holder: Holder;

  constructor(holder: Holder, credits: number) {
    this.holder = holder;
    this.credits = credits;
  }

  async take(action: Step, plan: Fault[]): Promise<void> {
    const { db } = spyOn(plan);
    const deps = depsOf(db);
    switch (action.kind) {
      case "credit": {
        this.#references += 1;
        const reference = `credit-${this.#references}`;
        const { accountId } = this.holder;
        await addCredits(deps, { accountId, credits: action.credits, reason: "top_up", reference });
        this.credits += action.credits;
        return;
      }
      case "admit": {
        const start = makeStart(this.holder);
        const admission = await admitRun(db, { start, holdCredits: action.hold, now: 0 }, eager);
        if (admission.kind === "refused") return;
        assert(admission.created, "a run id is admitted once");
        this.runs.push({ start, rev: 1, lease: action.hold, facts: [] });
        return;
      }
      case "raise": {
        const run = pick(this.runs, action.run);
        if (run === null) return;
        const wish = {
          runId: run.start.context.runId,
          rev: run.rev + 1,
          leaseCredits: run.lease + action.by,
        };
        const { granted } = await topUpLease(db, wish, eager);
        if (granted) Object.assign(run, { rev: wish.rev, lease: wish.leaseCredits });
        return;
      }
      case "charge": {
        const run = pick(this.runs, action.run);
        if (run === null) return;
        const fact = makeFact(run.start, {
          costUsd: action.costUsd,
          settlement: action.settlement,
        });
        const { committed } = await commitUsageFacts(deps, [fact]);
        this.facts.push(fact);
        assert(committed.length === 1, "a fact is committed");
        return;
      }
      case "replay": {
        const fact = pick(this.facts, action.fact);
        if (fact === null) return;
        const repeats = Array.from({ length: action.times }, () => commitUsageFacts(deps, [fact]));
        for (const { committed } of await Promise.all(repeats))
          assert(committed.length === 1, "a fact is committed");
        return;
      }
      case "falsify": {
        const fact = pick(this.facts, action.fact);
        if (fact === null) return;
        const { refused } = await commitUsageFacts(deps, [{ ...fact, costUsd: "0.5" }]);
        assert(refused[0]?.reason === "receipt_conflict", "another cost is refused");
        return;
      }
      case "log": {
        const fact = pick(this.facts, action.fact);
        if (fact === null) return;
        const { costUsd } = action;
        const known = { ...fact, costUsd, settlement: "final", provenance: "gateway_log" } as const;
        const { committed, refused } = await commitUsageFacts(deps, [known]);
        const isOpen = fact.settlement !== "final";
        assert(committed.length + refused.length === 1, "a fact is committed or refused");
        assert(isOpen || refused.length === 1, "a final receipt is not corrected");
        return;
      }
      case "refund": {
        const fact = pick(this.facts, action.fact);
        if (fact === null) return;
        this.#references += 1;
        const reference = `refund-${this.#references}`;
        const receiptId = receiptIdOf(fact.source, sourceReference(fact));
        const { accountId } = this.holder;
        const { credits } = action;
        // More than was charged is refused.
        await addCredits(deps, { accountId, credits, reason: "refund", reference, receiptId });
        return;
      }
      case "finish": {
        const run = pick(this.runs, action.run);
        if (run === null) return;
        const fact = makeFact(run.start);
        const finish = finishOf(run.start, run.rev + 1, { status: action.status, facts: [fact] });
        const { current } = await finishRun(deps, finish);
        this.facts.push(fact);
        if (current) run.rev += 1;
        return;
      }
    }
  }
}

function pick<T>(items: T[], at: number): T | null {
  return items[at % Math.max(1, items.length)] ?? null;
}
