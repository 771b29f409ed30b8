import { env } from "cloudflare:workers";
import { newId } from "../../src/base/ids.ts";
import type { Log } from "../../src/base/log.ts";
import { admitRun, type Admission } from "../../src/billing/admission.ts";
import type { BillingDeps, FinishRun } from "../../src/billing/posting.ts";
import { addCredits, createAccount } from "../../src/billing/credits.ts";
import type { BatchRetry } from "../../src/billing/repeat-batch.ts";
import type { StartRun } from "../../src/ports/run.ts";
import type { UsageFact } from "../../src/ports/usage-fact.ts";
import { silentLog } from "../logs.ts";

export const t0 = Date.UTC(2026, 4, 4, 10, 15);

export interface Holder {
  accountId: string;
  virtualKeyId: string;
}

/** Repeats at once, so that no test waits. */
export const eager: BatchRetry = { attemptsMax: 12, sleep: async () => {}, random: () => 0 };

export function depsOf(db: D1Database = env.DB, log: Log = silentLog): BillingDeps {
  return { db, markupBasisPoints: 10_000, log, clock: { now: () => t0 }, retry: eager };
}

export async function makeHolder(credits: number): Promise<Holder> {
  const holder = await createAccount(env.DB, { name: "Test", now: t0 });
  if (credits > 0) {
    const top = {
      accountId: holder.accountId,
      credits,
      reason: "top_up",
      reference: "first",
    } as const;
    await addCredits(depsOf(), top);
  }
  return holder;
}

export async function makeCappedKey(
  holder: Holder,
  caps: Partial<Record<"life" | "day" | "month", number>>,
): Promise<Holder> {
  const virtualKeyId = newId("key");
  await env.DB.prepare(
    `INSERT INTO virtual_keys (id, billing_account_id, label, secret_hmac, scopes, max_credits, max_credits_per_day,
       max_credits_per_month, created_at)
     VALUES (?1, ?2, 'capped', 'x', '[]', ?3, ?4, ?5, ?6)`,
  )
    .bind(
      ...[virtualKeyId, holder.accountId, caps.life ?? null, caps.day ?? null, caps.month ?? null],
      t0,
    )
    .run();
  return { accountId: holder.accountId, virtualKeyId };
}

export function makeStart(holder: Holder, changes: Partial<StartRun> = {}): StartRun {
  return {
    v: 1,
    context: {
      runId: newId("run"),
      attempt: 0,
      requestId: newId("request"),
      graphId: "langgraph:poet",
      billingAccountId: holder.accountId,
      virtualKeyId: holder.virtualKeyId,
      trigger: "chat",
    },
    threadId: newId("thread"),
    isNewThread: true,
    threadTitle: "A title",
    messages: [{ role: "user", content: "hello" }],
    model: "demo/small",
    configurable: {},
    toolIds: null,
    limits: { maxCalls: 50, maxCredits: 1_000_000, maxWallSeconds: 900, maxSteps: 50 },
    scheduleId: null,
    scheduledFor: null,
    requestHash: "a".repeat(64),
    ...changes,
  };
}

export async function admit(start: StartRun, holdCredits = 0, now = t0): Promise<Admission> {
  return admitRun(env.DB, { start, holdCredits, now }, eager);
}

/** A run of this holder, let in, with the maker of its facts. */
export async function makeRun(holder: Holder, holdCredits = 0): Promise<StartRun> {
  const start = makeStart(holder);
  const admission = await admit(start, holdCredits);
  if (admission.kind !== "admitted") throw new Error(`refused: ${admission.code}`);
  return start;
}

let units = 0;

/** Costs 0.0001 USD, 1,000 credits at a markup of 1. */
export function makeFact(
  { context, model }: StartRun,
  changes: Partial<UsageFact> = {},
): UsageFact {
  units += 1;
  return {
    runId: context.runId,
    attempt: context.attempt,
    usageUnitId: `unit-${units}`,
    source: "demo",
    providerCallId: null,
    graphId: context.graphId,
    executorType: "inproc",
    billingAccountId: context.billingAccountId,
    virtualKeyId: context.virtualKeyId,
    requestId: context.requestId,
    trigger: context.trigger,
    provenance: "usage",
    settlement: "final",
    provider: "demo",
    model,
    servedModel: null,
    inputTokens: 10,
    outputTokens: 20,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    costUsd: "0.0001",
    occurredAt: new Date(t0).toISOString(),
    usageRaw: { prompt_tokens: 10 },
    ...changes,
  };
}

export function finishOf(
  { context }: StartRun,
  rev: number,
  changes: Partial<FinishRun> = {},
): FinishRun {
  return {
    runId: context.runId,
    rev,
    status: "success",
    errorCode: null,
    errorMessage: null,
    output: "done",
    finishedAt: t0 + 1_000,
    assistantMessage: "done",
    books: { dispatches: 0, settled: 0, unknown: 0, voided: 0, open: 0, closed: true },
    reconciling: false,
    usage: { calls: 0, inputTokens: 0, outputTokens: 0 },
    facts: [],
    ...changes,
  };
}

export interface Audit {
  balance: number;
  ledger: number;
  held: number;
  holds: number;
  active: number;
  open: number;
  receipts: number;
  corrections: number;
  runs: number;
  hourly: number;
  daily: number;
  charges: number;
  credits: number;
  receiptCalls: number;
  hourlyCalls: number;
  dailyCalls: number;
  runCalls: number;
  /** null: the account has no cap by day or month, and nothing is counted. */
  spentByDay: number | null;
  spentByMonth: number | null;
}

/** Everything that must agree about one account, read in one statement. */
export async function readAudit(accountId: string): Promise<Audit> {
  const row = await env.DB.prepare(
    `SELECT a.balance_credits AS balance, a.held_credits AS held, a.active_runs AS active,
      (SELECT coalesce(sum(amount_credits), 0) FROM credit_ledger WHERE billing_account_id = a.id) AS ledger,
      (SELECT coalesce(sum(held_credits), 0) FROM graph_runs WHERE billing_account_id = a.id) AS holds,
      (SELECT count(*) FROM graph_runs WHERE billing_account_id = a.id AND lease_open = 1) AS open,
      (SELECT coalesce(sum(charged_credits), 0) FROM charge_receipts WHERE billing_account_id = a.id) AS receipts,
      (SELECT coalesce(sum(charged_delta), 0) FROM receipt_corrections WHERE billing_account_id = a.id) AS corrections,
      (SELECT coalesce(sum(charged_credits), 0) FROM graph_runs WHERE billing_account_id = a.id) AS runs,
      (SELECT coalesce(sum(charged_credits), 0) FROM usage_hourly WHERE billing_account_id = a.id) AS hourly,
      (SELECT coalesce(sum(charged_credits), 0) FROM usage_daily WHERE billing_account_id = a.id) AS daily,
      (SELECT coalesce(-sum(amount_credits), 0) FROM credit_ledger
        WHERE billing_account_id = a.id AND reason = 'charge') AS charges,
      (SELECT coalesce(sum(amount_credits), 0) FROM credit_ledger
        WHERE billing_account_id = a.id AND receipt_id IS NULL) AS credits,
      (SELECT count(*) FROM charge_receipts WHERE billing_account_id = a.id) AS receiptCalls,
      (SELECT coalesce(sum(calls), 0) FROM usage_hourly WHERE billing_account_id = a.id) AS hourlyCalls,
      (SELECT coalesce(sum(calls), 0) FROM usage_daily WHERE billing_account_id = a.id) AS dailyCalls,
      (SELECT coalesce(sum(call_count), 0) FROM graph_runs WHERE billing_account_id = a.id) AS runCalls,
      (SELECT sum(charged_credits) FROM spend_by_period WHERE owner_id = a.id AND length(period) = 10) AS spentByDay,
      (SELECT sum(charged_credits) FROM spend_by_period WHERE owner_id = a.id AND length(period) = 7) AS spentByMonth
    FROM billing_accounts a WHERE a.id = ?1`,
  )
    .bind(accountId)
    .first<Audit>();
  if (row === null) throw new Error("no such account");
  return row;
}

/** Throws with the whole audit when any pair differs. */
export function assertBalanced(audit: Audit): void {
  const { balance, ledger, held, holds, active, open, receipts, corrections, charges, credits } =
    audit;
  const pairs = {
    "balance = sum of entries": [balance, ledger],
    "balance = credits - charges - corrections": [balance, credits - receipts - corrections],
    "entries of charges = receipts": [charges, receipts],
    "held = sum of holds": [held, holds],
    "active = open leases": [active, open],
    "runs = receipts": [audit.runs, receipts + corrections],
    "hourly = receipts": [audit.hourly, receipts + corrections],
    "daily = receipts": [audit.daily, receipts + corrections],
    "hourly calls = receipts": [audit.hourlyCalls, audit.receiptCalls],
    "daily calls = receipts": [audit.dailyCalls, audit.receiptCalls],
    "run calls = receipts": [audit.runCalls, audit.receiptCalls],
    "spent by day = daily": [audit.spentByDay ?? audit.daily, audit.daily],
    "spent by month = daily": [audit.spentByMonth ?? audit.daily, audit.daily],
  };
  for (const [name, [a, b]] of Object.entries(pairs)) {
    if (a !== b) throw new Error(`${name}: ${a} and ${b} in ${JSON.stringify(audit)}`);
  }
}

export interface Spy {
  db: D1Database;
  batches: number;
  rowsWritten: number;
}

/** A database that counts the round trips through it and loses answers by plan, before or after the real commit. */
export function spyOn(faults: ("before" | "after" | null)[] = []): Spy {
  const plan = [...faults];
  const spy: Spy = {
    batches: 0,
    rowsWritten: 0,
    db: new Proxy(env.DB, {
      get(target, property) {
        if (property !== "batch") {
          const value: unknown = Reflect.get(target, property);
          return typeof value === "function" ? value.bind(target) : value;
        }
        return async (statements: D1PreparedStatement[]) => {
          spy.batches += 1;
          const fault = plan.shift() ?? null;
          if (fault === "before") throw new Error("D1_ERROR: Network connection lost.");
          const results = await target.batch(statements);
          for (const { meta } of results) spy.rowsWritten += meta.rows_written;
          if (fault === "after") throw new Error("D1_ERROR: Network connection lost.");
          return results;
        };
      },
    }),
  };
  return spy;
}
