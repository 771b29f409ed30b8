import { expect } from "vitest";
import { newId } from "../../src/base/ids.ts";
import type { Log } from "../../src/base/log.ts";
import { admitRun } from "../../src/billing/admission.ts";
import type { BillingDeps } from "../../src/billing/posting.ts";
import { addCredits, createAccount } from "../../src/billing/credits.ts";
import type { StartRun } from "../../src/ports/run.ts";
import type { UsageFact } from "../../src/ports/usage-fact.ts";
import { type D1Fault, SqliteD1 } from "../faults/in-process/sqlite-d1.ts";
import { silentLog } from "../logs.ts";

export const startedAt = Date.UTC(2026, 10, 21, 12);
/** 1.25, so that a charge is never just its cost. */
export const markup = 12_500;

/** An account with one run in a ledger of its own. */
export class Books {
  readonly d1: SqliteD1;
  readonly accountId: string;
  readonly start: StartRun;

  private constructor(d1: SqliteD1, accountId: string, start: StartRun) {
    this.d1 = d1;
    this.accountId = accountId;
    this.start = start;
  }

  static async open(credits: number): Promise<Books> {
    const d1 = new SqliteD1();
    const account = await createAccount(d1.database, { name: "Test", now: startedAt });
    const context = {
      ...{ runId: newId("run"), attempt: 0, requestId: newId("request"), trigger: "chat" as const },
      ...{ graphId: "langgraph:poet", billingAccountId: account.accountId },
      virtualKeyId: account.virtualKeyId,
    };
    const start: StartRun = {
      ...{ v: 1, context, threadId: newId("thread"), isNewThread: true, threadTitle: "A title" },
      ...{ messages: [{ role: "user", content: "hello" }], model: "paid", configurable: {} },
      ...{ toolIds: null, scheduleId: null, scheduledFor: null, requestHash: "a".repeat(64) },
      limits: { maxCalls: 50, maxCredits: 1_000_000, maxWallSeconds: 900, maxSteps: 50 },
    };
    const books = new Books(d1, account.accountId, start);
    // Far beyond what is spent here; counted like any other.
    d1.all(
      "UPDATE billing_accounts SET max_credits_per_day = 1000000000, max_credits_per_month = 1000000000",
    );
    await addCredits(books.deps(), {
      ...{ accountId: account.accountId, credits, reason: "top_up", reference: "first" },
    });
    const admission = await admitRun(d1.database, { start, holdCredits: 0, now: startedAt });
    if (admission.kind !== "admitted") throw new Error(`refused: ${admission.code}`);
    return books;
  }

  deps(log: Log = silentLog): BillingDeps {
    return {
      ...{ db: this.d1.database, markupBasisPoints: markup, log },
      clock: { now: () => startedAt },
      retry: { attemptsMax: 12, sleep: async () => {}, random: () => 0 },
    };
  }

  breakNext(faults: readonly D1Fault[]): void {
    this.d1.faults.push(...faults);
  }

  fact(usageUnitId: string, changes: Partial<UsageFact> = {}): UsageFact {
    return {
      ...this.start.context,
      ...{ usageUnitId, source: "litellm", providerCallId: null, executorType: "inproc" },
      ...{ provenance: "usage", settlement: "final", provider: "fake", model: "paid" },
      ...{ servedModel: null, inputTokens: 10, outputTokens: 20, cacheReadTokens: 0 },
      ...{ cacheWriteTokens: 0, reasoningTokens: 0, costUsd: "0.0001", usageRaw: null },
      occurredAt: new Date(startedAt).toISOString(),
      ...changes,
    };
  }

  /** As the gateway's log tells it. */
  logged(usageUnitId: string, costUsd: string, changes: Partial<UsageFact> = {}): UsageFact {
    return this.fact(usageUnitId, {
      ...{ provenance: "gateway_log", costUsd, inputTokens: 7, outputTokens: 9 },
      ...changes,
    });
  }

  /** How each receipt stands after its corrections, by usage unit. */
  effective(): Record<string, Effective> {
    const rows = this.d1.all<Effective & { unit: string }>(
      `SELECT r.usage_unit_id AS unit, coalesce(c.settlement, r.settlement) AS settlement,
         coalesce(c.cost_usd, r.cost_usd) AS costUsd, coalesce(c.provenance, r.provenance) AS provenance,
         r.charged_credits + coalesce((SELECT sum(p.charged_delta) FROM receipt_corrections p
           WHERE p.receipt_id = r.id), 0) AS charged
       FROM charge_receipts r LEFT JOIN receipt_corrections c ON c.id = (
         SELECT max(p.id) FROM receipt_corrections p WHERE p.receipt_id = r.id)
       ORDER BY r.id`,
    );
    return Object.fromEntries(rows.map(({ unit, ...row }) => [unit, row]));
  }

  get balance(): number {
    const [row] = this.d1.all<{ balance: number }>(
      "SELECT balance_credits AS balance FROM billing_accounts",
    );
    return row?.balance ?? Number.NaN;
  }

  count(table: "charge_receipts" | "receipt_corrections" | "credit_ledger"): number {
    return this.d1.all<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)[0]?.n ?? 0;
  }
}

export interface Effective {
  settlement: string;
  provenance: string;
  costUsd: string;
  charged: number;
}

/** Every sum that must agree, whatever happened. */
export function expectBalanced({ d1 }: Books): void {
  const [sums] = d1.all<Record<string, number>>(
    `SELECT a.balance_credits AS balance,
        (SELECT coalesce(sum(amount_credits), 0) FROM credit_ledger) AS entries,
        (SELECT coalesce(sum(amount_credits), 0) FROM credit_ledger WHERE receipt_id IS NULL) AS credits,
        (SELECT coalesce(sum(charged_credits), 0) FROM charge_receipts) AS charges,
        (SELECT coalesce(sum(charged_delta), 0) FROM receipt_corrections) AS corrections,
        (SELECT sum(charged_credits) FROM graph_runs) AS runs,
        (SELECT coalesce(sum(charged_credits), 0) FROM usage_hourly) AS hourly,
        (SELECT coalesce(sum(charged_credits), 0) FROM usage_daily) AS daily,
        (SELECT coalesce(sum(charged_credits), 0) FROM spend_by_period WHERE length(period) = 10) AS byDay,
        (SELECT coalesce(sum(charged_credits), 0) FROM spend_by_period WHERE length(period) = 7) AS byMonth
       FROM billing_accounts a`,
  );
  if (sums === undefined) throw new Error("no account");
  const { charges = 0, corrections = 0, credits = 0, ...rest } = sums;
  const balance = credits - charges - corrections;
  const charged = charges + corrections;
  expect(rest).toEqual({
    balance,
    entries: balance,
    runs: charged,
    hourly: charged,
    daily: charged,
    byDay: charged,
    byMonth: charged,
  });
}
