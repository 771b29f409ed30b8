import fc from "fast-check";
import { expect, it } from "vitest";
import { commitUsageFacts } from "../../src/billing/billing.ts";
import { addCredits } from "../../src/billing/credits.ts";
import { receiptIdOf, sourceReference } from "../../src/billing/pricing.ts";
import type { UsageFact } from "../../src/ports/usage-fact.ts";
import type { D1Fault } from "../faults/in-process/sqlite-d1.ts";
import { Books, expectBalanced, markup } from "./reconcile-fixture.ts";

const units = ["a", "b", "c"] as const;
type Unit = (typeof units)[number];

/** Costs in units of 1e-9 USD, so that the oracle needs no decimals. */
type Step =
  | { kind: "top_up"; credits: number }
  | { kind: "call"; unit: Unit; nanoUsd: number; settlement: UsageFact["settlement"] }
  | { kind: "log"; unit: Unit; nanoUsd: number; isRepeatedDispatch: boolean }
  | { kind: "refund"; unit: Unit; credits: number };

const unit = fc.constantFrom(...units);
const nanoUsd = fc.integer({ min: 0, max: 400 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("top_up"), credits: fc.integer({ min: 1, max: 500 }) }),
  fc.record({
    ...{ kind: fc.constant("call"), unit, nanoUsd },
    settlement: fc.constantFrom("final", "estimated", "unknown"),
  }),
  fc.record({ kind: fc.constant("log"), unit, nanoUsd, isRepeatedDispatch: fc.boolean() }),
  fc.record({ kind: fc.constant("refund"), unit, credits: fc.integer({ min: 1, max: 5 }) }),
);
const faults = fc.array(fc.constantFrom<D1Fault>("none", "none", "before", "after"), {
  maxLength: 3,
});

/** What one receipt must come to, by integer arithmetic alone. */
interface Expected {
  settlement: UsageFact["settlement"];
  nanoUsd: number;
  /** Of the call, without what was given back. */
  price: bigint;
  refunded: bigint;
  /** What made it final, when the log did. */
  log: string | null;
}

function chargeOf(nano: number): bigint {
  const scaled = BigInt(nano) * BigInt(markup) * 10_000_000n;
  const one = 10_000n * 1_000_000_000n;
  return (scaled + one - 1n) / one;
}

const decimal = (nano: number) => `0.${String(nano).padStart(9, "0")}`;
const atLeastZero = (credits: bigint) => (credits < 0n ? 0n : credits);

class Oracle {
  credits = 1_000n;
  readonly receipts = new Map<Unit, Expected>();

  /** Whether the ledger must take this. */
  take(action: Step): boolean {
    if (action.kind === "top_up") {
      this.credits += BigInt(action.credits);
      return true;
    }
    const known = this.receipts.get(action.unit);
    switch (action.kind) {
      case "call":
      case "log": {
        const isLog = action.kind === "log";
        const isFree = isLog ? action.isRepeatedDispatch : action.settlement === "unknown";
        const price = isFree ? 0n : chargeOf(action.nanoUsd);
        const settlement = isLog ? "final" : action.settlement;
        const log = isLog ? `${action.nanoUsd} ${action.isRepeatedDispatch}` : null;
        if (known === undefined) {
          const { nanoUsd: nano } = action;
          this.receipts.set(action.unit, { settlement, nanoUsd: nano, price, refunded: 0n, log });
          return true;
        }
        if (!isLog) return false;
        if (known.settlement === "final") return known.log === log;
        const { refunded } = known;
        const given = refunded > price ? price : refunded;
        const now = { settlement, nanoUsd: action.nanoUsd, price, refunded: given, log };
        this.receipts.set(action.unit, now);
        return true;
      }
      case "refund": {
        if (known === undefined) return false;
        const credits = BigInt(action.credits);
        if (known.refunded + credits > known.price) return false;
        known.refunded += credits;
        return true;
      }
    }
  }

  get balance(): bigint {
    const charged = [...this.receipts.values()].map(({ price, refunded }) => price - refunded);
    return charged.reduce((balance, charge) => balance - atLeastZero(charge), this.credits);
  }
}

it("balance = top-ups - charges ± corrections + refunds at every read, by exact arithmetic", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ step, faults, times: fc.integer({ min: 1, max: 2 }) }), {
        ...{ minLength: 1, maxLength: 14, size: "max" },
      }),
      async (history) => {
        const books = await Books.open(1_000);
        const oracle = new Oracle();
        const facts = new Map<Unit, UsageFact>();
        let references = 0;
        for (const { step: action, faults: broken, times } of history) {
          references += 1;
          const fact = factOf(books, action);
          const first = fact === null ? undefined : facts.get(fact.usageUnitId as Unit);
          // A second report of a call by its host is the same one: hosts keep what they say.
          if (action.kind === "call" && first !== undefined) continue;
          if (action.kind === "call" && fact !== null) facts.set(action.unit, fact);
          const isTaken = oracle.take(action);
          for (let time = 1; time <= times; time += 1) {
            books.breakNext(broken);
            const was = await post(books, action, fact, references);
            expect(was, JSON.stringify(action)).toBe(isTaken);
            books.d1.faults.length = 0;
            expect(BigInt(books.balance)).toBe(oracle.balance);
            expectBalanced(books);
          }
        }
        const { committed } = await commitUsageFacts(books.deps(), [...facts.values()]);
        expect(committed.length).toBe(
          [...facts.keys()].filter((key) => !isLogFirst(books, key)).length,
        );
        for (const [key, { settlement, nanoUsd: nano, price, refunded }] of oracle.receipts) {
          const now = books.effective()[key];
          expect(now).toMatchObject({ settlement, charged: Number(atLeastZero(price - refunded)) });
          if (settlement === "final") expect(Number(now?.costUsd)).toBe(Number(decimal(nano)));
        }
        expect(BigInt(books.balance)).toBe(oracle.balance);
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);

/** The receipt was made by the log before its host said anything: what the host says then is another content. */
function isLogFirst(books: Books, key: Unit): boolean {
  const [row] = books.d1.all<{ provenance: string }>(
    "SELECT provenance FROM charge_receipts WHERE usage_unit_id = ?",
    key,
  );
  return row?.provenance === "gateway_log";
}

function factOf(books: Books, action: Step): UsageFact | null {
  if (action.kind === "call") {
    const { settlement } = action;
    const costUsd = decimal(action.nanoUsd);
    return books.fact(action.unit, { costUsd, settlement, provenance: "estimate" });
  }
  if (action.kind !== "log") return null;
  const { isRepeatedDispatch } = action;
  return books.logged(action.unit, decimal(action.nanoUsd), { isRepeatedDispatch });
}

async function post(
  books: Books,
  action: Step,
  fact: UsageFact | null,
  reference: number,
): Promise<boolean> {
  if (fact !== null) {
    const { committed } = await commitUsageFacts(books.deps(), [fact]);
    return committed.length === 1;
  }
  if (action.kind !== "top_up" && action.kind !== "refund") throw new Error("not a credit");
  const { accountId } = books;
  const receiptId =
    action.kind === "refund"
      ? receiptIdOf("litellm", sourceReference(books.fact(action.unit)))
      : null;
  const outcome = await addCredits(books.deps(), {
    ...{ accountId, credits: action.credits, reason: action.kind },
    reference: `credit-${reference}`,
    ...(receiptId === null ? {} : { receiptId }),
  });
  return outcome.kind === "posted" || outcome.kind === "repeated";
}
