import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { commitUsageFacts } from "../../src/billing/billing.ts";
import type { BillingDeps } from "../../src/billing/posting.ts";
import { addCredits, createAccount, ensureAccount } from "../../src/billing/credits.ts";
import { receiptIdOf, sourceReference } from "../../src/billing/pricing.ts";
import { recordChargeReceipt } from "../../src/billing/record-charge-receipt.ts";
import type { StartRun } from "../../src/ports/run.ts";
import type { UsageFact } from "../../src/ports/usage-fact.ts";
import {
  assertBalanced,
  depsOf,
  makeCappedKey,
  makeFact,
  makeHolder,
  makeRun,
  readAudit,
  spyOn,
  t0,
  type Holder,
} from "./ledger-fixture.ts";

const deps: BillingDeps = depsOf();

/** An account with one charge of 1,000 credits on 10,000. */
async function charged(): Promise<{
  holder: Holder;
  run: StartRun;
  fact: UsageFact;
  receiptId: string;
}> {
  const holder = await makeHolder(10_000);
  const run = await makeRun(holder);
  const fact = makeFact(run);
  await commitUsageFacts(deps, [fact]);
  return { holder, run, fact, receiptId: receiptIdOf(fact.source, sourceReference(fact)) };
}

/** Runs a statement twice and expects the same refusal both times. */
async function expectRefused(refusal: string, sql: string, ...values: unknown[]): Promise<void> {
  for (let time = 1; time <= 2; time += 1) {
    await expect(
      env.DB.prepare(sql)
        .bind(...values)
        .run(),
    ).rejects.toThrow(refusal);
  }
}

describe("receipts, corrections and entries", () => {
  it("charge for usage whose evidence SQLite cannot keep, without it", async () => {
    const holder = await makeHolder(10_000);
    const deep = JSON.parse(`${"[".repeat(1_100)}${"]".repeat(1_100)}`) as UsageFact["usageRaw"];
    const fact = makeFact(await makeRun(holder), { usageRaw: { deep } });
    expect(await commitUsageFacts(deps, [fact])).toMatchObject({ refused: [] });
    const kept = env.DB.prepare("SELECT usage_raw FROM charge_receipts WHERE run_id = ?1");
    expect(await kept.bind(fact.runId).all()).toMatchObject({ results: [{ usage_raw: null }] });
  });

  const frozen = [
    ["charge_receipts", "receipts_are_immutable", "charged_credits = charged_credits"],
    ["credit_ledger", "ledger_is_append_only", "amount_credits = amount_credits"],
    ["receipt_corrections", "corrections_are_immutable", "charged_delta = charged_delta"],
  ] as const;
  it.each(frozen)("%s refuses UPDATE and DELETE", async (table, refusal, assignment) => {
    const { holder, receiptId } = await charged();
    const refund = {
      accountId: holder.accountId,
      credits: 10,
      reason: "refund",
      reference: "r",
      receiptId,
    } as const;
    await addCredits(deps, refund);
    const own = "WHERE billing_account_id = ?1";
    await expectRefused(refusal, `UPDATE ${table} SET ${assignment} ${own}`, holder.accountId);
    await expectRefused(
      refusal,
      `UPDATE OR REPLACE ${table} SET ${assignment} ${own}`,
      holder.accountId,
    );
    await expectRefused(refusal, `DELETE FROM ${table} ${own}`, holder.accountId);
    const audit = await readAudit(holder.accountId);
    expect(audit).toMatchObject({ balance: 9_010 });
    assertBalanced(audit);
  });

  it("a receipt cannot be replaced, not even by itself", async () => {
    const { holder, receiptId } = await charged();
    const copy = (changes: string) =>
      `INSERT OR REPLACE INTO charge_receipts SELECT ${changes} FROM charge_receipts WHERE id = ?1`;
    const { results } = await env.DB.prepare(
      "SELECT name FROM pragma_table_info('charge_receipts')",
    ).all<{
      name: string;
    }>();
    const columns = results.map(({ name }) => name);
    const dearer = columns.map((name) => (name === "charged_credits" ? "9000" : name)).join(", ");
    const renamed = columns.map((name) => (name === "id" ? "'rcpt_new'" : name)).join(", ");
    await expectRefused("receipt_conflict", copy(dearer), receiptId);
    await expectRefused("receipt_conflict", copy(renamed), receiptId);
    for (let time = 1; time <= 2; time += 1) {
      const repeated = await env.DB.prepare(copy(columns.join(", ")))
        .bind(receiptId)
        .run();
      expect(repeated.meta.changes).toBe(0);
    }
    const audit = await readAudit(holder.accountId);
    expect(audit).toMatchObject({ balance: 9_000, receiptCalls: 1 });
    assertBalanced(audit);
  });

  it("an entry cannot be replaced, moved or made without a cause", async () => {
    const { holder, receiptId } = await charged();
    const { accountId } = holder;
    const insert = (
      or: string,
      id: string,
      amount: number,
      reason: string,
      reference: string,
      receipt: string,
    ) =>
      `INSERT ${or} INTO credit_ledger (id, billing_account_id, amount_credits, balance_after_credits, reason,
         reference, receipt_id, created_at)
       SELECT ${id}, a.id, ${amount}, a.balance_credits + ${amount}, '${reason}', '${reference}', ${receipt}, 0
       FROM billing_accounts a WHERE a.id = ?1`;
    const first = "(SELECT min(id) FROM credit_ledger WHERE billing_account_id = a.id)";
    await expectRefused(
      "ledger_conflict",
      insert("OR REPLACE", first, 5, "top_up", "other", "NULL"),
      accountId,
    );
    await expectRefused(
      "ledger_conflict",
      insert("OR REPLACE", "NULL", 5, "top_up", "first", "NULL"),
      accountId,
    );
    await expectRefused(
      "entry_without_cause",
      insert("", "NULL", -5, "charge", "made-up", "NULL"),
      accountId,
    );
    await expectRefused(
      "entry_without_cause",
      insert("", "NULL", -5, "charge", "made-up", `'${receiptId}'`),
      accountId,
    );
    await expectRefused(
      "entry_without_cause",
      insert("", "NULL", 5, "refund", "made-up", `'${receiptId}'`),
      accountId,
    );
    await expectRefused(
      "ledger_unbalanced",
      `INSERT INTO credit_ledger (billing_account_id, amount_credits, balance_after_credits, reason, reference, created_at)
       VALUES (?1, 5, 1000000, 'top_up', 'made-up', 0)`,
      accountId,
    );
    const audit = await readAudit(accountId);
    expect(audit).toMatchObject({ balance: 9_000 });
    assertBalanced(audit);
  });

  it("a correction repeated word for word is ignored, also one of the whole charge", async () => {
    const { holder, receiptId } = await charged();
    const insert = (delta: number) =>
      env.DB.prepare(
        `INSERT OR REPLACE INTO receipt_corrections (receipt_id, billing_account_id, reason, reference,
           settlement, provenance, input_tokens, output_tokens, cost_usd, charged_delta, created_at)
         VALUES (?1, ?2, 'correction', 'log-1', 'final', 'gateway_log', 7, 8, '0', ?3, 5)`,
      ).bind(receiptId, holder.accountId, delta);
    await insert(-1_000).run();
    await insert(-1_000).run();
    await expect(insert(-999).run()).rejects.toThrow("correction_conflict");
    const audit = await readAudit(holder.accountId);
    expect(audit).toMatchObject({ balance: 10_000, corrections: -1_000 });
    assertBalanced(audit);
    const tokens = await env.DB.prepare(
      `SELECT r.input_tokens, r.output_tokens, h.input_tokens AS hourly, d.output_tokens AS daily
       FROM graph_runs r JOIN usage_hourly h USING (billing_account_id)
         JOIN usage_daily d USING (billing_account_id) WHERE r.billing_account_id = ?1`,
    )
      .bind(holder.accountId)
      .first();
    expect(tokens).toEqual({ input_tokens: 7, output_tokens: 8, hourly: 7, daily: 8 });
  });

  it("a balance moves by entries only, and accounts, keys and runs are kept", async () => {
    const { holder, run } = await charged();
    const { accountId, virtualKeyId } = holder;
    const runId = run.context.runId;
    await expectRefused(
      "balance_moves_by_entries",
      "UPDATE billing_accounts SET balance_credits = 1 WHERE id = ?1",
      accountId,
    );
    await expectRefused(
      "account_identity_is_fixed",
      "UPDATE billing_accounts SET id = 'acct_x' WHERE id = ?1",
      accountId,
    );
    await expectRefused(
      "accounts_are_kept",
      "DELETE FROM billing_accounts WHERE id = ?1",
      accountId,
    );
    await expectRefused(
      "account_starts_empty",
      "INSERT INTO billing_accounts (id, name, balance_credits) VALUES ('acct_rich', 'x', 5)",
    );
    await expectRefused("keys_are_kept", "DELETE FROM virtual_keys WHERE id = ?1", virtualKeyId);
    await expectRefused(
      "key_identity_is_fixed",
      "UPDATE virtual_keys SET max_credits = 5 WHERE id = ?1",
      virtualKeyId,
    );
    await expectRefused("runs_are_kept", "DELETE FROM graph_runs WHERE id = ?1", runId);
    await expectRefused(
      "run_identity_is_fixed",
      "UPDATE graph_runs SET graph_id = 'a:b' WHERE id = ?1",
      runId,
    );
    await env.DB.prepare("INSERT OR REPLACE INTO billing_accounts (id, name) VALUES (?1, 'Other')")
      .bind(accountId)
      .run();
    const name = await env.DB.prepare("SELECT name FROM billing_accounts WHERE id = ?1")
      .bind(accountId)
      .first("name");
    expect(name).toBe("Test");
    assertBalanced(await readAudit(accountId));
  });

  it("a run cannot be replaced, which would lose its hold", async () => {
    const holder = await makeHolder(10_000);
    const { context } = await makeRun(holder, 2_000);
    for (let time = 1; time <= 2; time += 1) {
      await env.DB.prepare(
        `INSERT OR REPLACE INTO graph_runs (id, billing_account_id, virtual_key_id, graph_id, model, trigger,
           request_id, request_hash, status, lease_credits, lease_open, created_at)
         VALUES (?1, ?2, ?3, 'a:b', 'm', 'chat', 'q', 'h', 'success', 0, 0, 0)`,
      )
        .bind(context.runId, holder.accountId, holder.virtualKeyId)
        .run();
    }
    const audit = await readAudit(holder.accountId);
    expect(audit).toMatchObject({ held: 2_000, active: 1 });
    assertBalanced(audit);
  });
});

describe("a receipt's numbers", () => {
  const impossible: [string, Partial<Record<keyof UsageFact, unknown>>][] = [
    ["negative tokens", { inputTokens: -1 }],
    ["fractional tokens", { outputTokens: 1.5 }],
    ["NaN tokens", { outputTokens: Number.NaN }],
    ["infinite tokens", { cacheReadTokens: Number.POSITIVE_INFINITY }],
    ["huge tokens", { reasoningTokens: 2 ** 53 }],
    ["tokens as text", { inputTokens: "12" }],
    ["a negative cost", { costUsd: "-1" }],
    ["a cost that is no number", { costUsd: "NaN" }],
    ["an empty cost", { costUsd: "" }],
    ["a cost as a number", { costUsd: 0.5 }],
    ["a cost beyond the ledger", { costUsd: "900719926" }],
    ["a negative attempt", { attempt: -1 }],
    ["no unit", { usageUnitId: "" }],
    ["no time", { occurredAt: "yesterday" }],
  ];
  it.each(impossible)("are refused by the code: %s", async (_, changes) => {
    const holder = await makeHolder(10_000);
    const run = await makeRun(holder);
    const fact = { ...makeFact(run), ...changes } as UsageFact;
    for (let time = 1; time <= 2; time += 1) {
      const report = await commitUsageFacts(deps, [fact]);
      expect(report.committed).toEqual([]);
      expect(report.refused).toHaveLength(1);
    }
    const audit = await readAudit(holder.accountId);
    expect(audit).toMatchObject({ balance: 10_000, receiptCalls: 0 });
    assertBalanced(audit);
  });

  const amounts: [string, unknown][] = [
    ["negative", -1],
    ["fractional", 0.5],
    ["NaN", Number.NaN],
    ["huge", 2 ** 53],
    ["text", "much"],
  ];
  it.each(amounts)("are refused by the table itself: a %s charge", async (_, chargedCredits) => {
    const holder = await makeHolder(10_000);
    const fact = makeFact(await makeRun(holder));
    for (let time = 1; time <= 2; time += 1) {
      const price = { chargedCredits: chargedCredits as number, priceVersion: "test" };
      await expect(recordChargeReceipt(env.DB, fact, price).run()).rejects.toThrow(
        /SQLITE_CONSTRAINT|SQLITE_MISMATCH/,
      );
    }
    expect(await readAudit(holder.accountId)).toMatchObject({ balance: 10_000, receiptCalls: 0 });
  });

  it("are refused by the table when an unknown call is charged", async () => {
    const fact = makeFact(await makeRun(await makeHolder(10_000)), { settlement: "unknown" });
    const price = { chargedCredits: 1, priceVersion: "test" };
    await expect(recordChargeReceipt(env.DB, fact, price).run()).rejects.toThrow("CHECK");
  });

  it("become exact credits from exact costs", async () => {
    const holder = await makeHolder(10_000);
    const run = await makeRun(holder);
    const costs = {
      "0.0000025": 25,
      "1e-7": 1,
      "0.0000002999999": 3,
      "2.5e-07": 3,
      "0.00000030": 3,
    };
    const facts = Object.keys(costs).map((costUsd) => makeFact(run, { costUsd }));
    const report = await commitUsageFacts(deps, facts);
    expect(report.committed.map(({ chargedCredits }) => chargedCredits)).toEqual(
      Object.values(costs),
    );
  });
});

describe("whose a receipt is", () => {
  const foreign: [string, (other: Holder) => Partial<UsageFact>][] = [
    ["of no run", () => ({ runId: "run_none" })],
    ["of another account", (other) => ({ billingAccountId: other.accountId })],
    ["of another key", (other) => ({ virtualKeyId: other.virtualKeyId })],
    ["of another graph", () => ({ graphId: "langgraph:other" })],
    ["of another trigger", () => ({ trigger: "schedule" })],
    ["of an attempt that was not made", () => ({ attempt: 1 })],
  ];
  it.each(foreign)("is checked against its run: %s", async (_, changesOf) => {
    const holder = await makeHolder(10_000);
    const other = await makeHolder(10_000);
    const fact = makeFact(await makeRun(holder), changesOf(other));
    for (let time = 1; time <= 2; time += 1) {
      const report = await commitUsageFacts(deps, [fact]);
      expect(report.refused).toMatchObject([{ reason: "receipt_without_run" }]);
    }
    for (const { accountId } of [holder, other]) {
      const audit = await readAudit(accountId);
      expect(audit).toMatchObject({ balance: 10_000, receiptCalls: 0 });
      assertBalanced(audit);
    }
  });
});

describe("credit", () => {
  it("is posted once by its reference, also when the answer is lost", async () => {
    const { accountId } = await createAccount(env.DB, { name: "Credit", now: t0 });
    const credit = { accountId, credits: 500, reason: "top_up", reference: "invoice-1" } as const;
    expect(await addCredits(depsOf(spyOn(["after"]).db), credit)).toEqual({ kind: "posted" });
    expect(await addCredits(deps, credit)).toEqual({ kind: "repeated" });
    const audit = await readAudit(accountId);
    expect(audit).toMatchObject({ balance: 500 });
    assertBalanced(audit);
  });

  it.each([{ credits: 501 }, { reason: "refund" }, { reason: "correction" }] as const)(
    "is refused under a reference that stands for another one: %j",
    async (change) => {
      const holder = await makeHolder(0);
      const { accountId } = holder;
      const credit = { accountId, credits: 500, reason: "top_up", reference: "invoice-1" } as const;
      await addCredits(deps, credit);
      for (let time = 1; time <= 2; time += 1) {
        expect(await addCredits(deps, { ...credit, ...change })).toEqual({ kind: "conflict" });
        expect(await addCredits(deps, credit)).toEqual({ kind: "repeated" });
      }
      const audit = await readAudit(accountId);
      expect(audit).toMatchObject({ balance: 500 });
      assertBalanced(audit);
      expect(await addCredits(deps, { ...credit, ...(await makeHolder(0)) })).toEqual({
        kind: "posted",
      });
    },
  );

  it("is refused for a receipt under a reference that stands for another one", async () => {
    const { holder, receiptId } = await charged();
    const { accountId } = holder;
    const of = { accountId, credits: 100, reference: "ticket-1" };
    const refund = { ...of, reason: "refund", receiptId } as const;
    const free = { ...of, reason: "refund", reference: "ticket-2" } as const;
    await addCredits(deps, refund);
    await addCredits(deps, free);
    for (let time = 1; time <= 2; time += 1) {
      for (const other of [
        { ...refund, reason: "correction" },
        { ...of, reason: "refund" },
        { ...of, reason: "top_up" },
        { ...refund, reference: "ticket-2" },
        { ...refund, reference: "ticket-2", reason: "correction" },
      ] as const) {
        expect(await addCredits(deps, other), JSON.stringify(other)).toEqual({ kind: "conflict" });
      }
      expect(await addCredits(deps, refund)).toEqual({ kind: "repeated" });
      expect(await addCredits(deps, free)).toEqual({ kind: "repeated" });
    }
    const audit = await readAudit(accountId);
    expect(audit).toMatchObject({ balance: 9_200, corrections: -100 });
    assertBalanced(audit);
  });

  it("may bear the name that a charge has in the ledger", async () => {
    const { holder, fact } = await charged();
    const { accountId } = holder;
    const reference = `${fact.source}:${sourceReference(fact)}`;
    const credit = { accountId, credits: 5, reason: "refund", reference } as const;
    expect(await addCredits(deps, credit)).toEqual({ kind: "posted" });
    expect(await addCredits(deps, credit)).toEqual({ kind: "repeated" });
    await commitUsageFacts(deps, [fact]);
    expect(await readAudit(accountId)).toMatchObject({ balance: 9_005 });
  });

  it("needs an account, and an amount that its reason allows", async () => {
    const credit = {
      accountId: "acct_none",
      credits: 5,
      reason: "top_up",
      reference: "x",
    } as const;
    expect(await addCredits(deps, credit)).toEqual({ kind: "no_account" });
    for (const credits of [0, -5, 0.5, Number.NaN, 2 ** 53]) {
      await expect(addCredits(deps, { ...credit, credits })).rejects.toThrow("assertion failed");
    }
  });

  it("given for a receipt moves everything by the difference, once, and never beyond the charge", async () => {
    const { holder, receiptId } = await charged();
    const { accountId } = holder;
    const refund = {
      accountId,
      credits: 600,
      reason: "refund",
      reference: "ticket-1",
      receiptId,
    } as const;
    expect(await addCredits(depsOf(spyOn(["after"]).db), refund)).toEqual({ kind: "posted" });
    const correction = {
      ...refund,
      credits: 400,
      reason: "correction",
      reference: "ticket-2",
    } as const;
    expect(await addCredits(deps, correction)).toEqual({ kind: "posted" });
    expect(await addCredits(deps, refund)).toEqual({ kind: "repeated" });
    expect(await addCredits(deps, correction)).toEqual({ kind: "repeated" });
    expect(await addCredits(deps, { ...refund, credits: 601 })).toEqual({ kind: "conflict" });
    expect(await addCredits(deps, { ...refund, credits: 1, reference: "ticket-3" })).toEqual({
      kind: "conflict",
    });
    expect(
      await addCredits(deps, { ...refund, reference: "ticket-4", receiptId: "rcpt_none" }),
    ).toEqual({
      kind: "no_receipt",
    });
    const audit = await readAudit(accountId);
    expect(audit).toMatchObject({
      balance: 10_000,
      receipts: 1_000,
      corrections: -1_000,
      runs: 0,
      hourly: 0,
    });
    assertBalanced(audit);
  });

  it("is granted to a known account once, together with its default key", async () => {
    const accountId = `acct_${crypto.randomUUID()}`;
    const wish = { accountId, name: "Demo", grantCredits: 5_000, now: t0 };
    const holders = await Promise.all([1, 2, 3].map(() => ensureAccount(env.DB, wish)));
    expect(new Set(holders.map(({ virtualKeyId }) => virtualKeyId)).size).toBe(1);
    await ensureAccount(env.DB, { ...wish, grantCredits: 9_000 });
    await ensureAccount(env.DB, { ...wish, grantCredits: 0 });
    expect(await readAudit(accountId)).toMatchObject({ balance: 5_000, ledger: 5_000 });
    const keys = await env.DB.prepare(
      "SELECT count(*) AS n FROM virtual_keys WHERE billing_account_id = ?1",
    )
      .bind(accountId)
      .first("n");
    expect(keys).toBe(1);
  });
});

describe("a capped key's own counts", () => {
  it("follow receipts, corrections and holds", async () => {
    const holder = await makeHolder(100_000);
    const key = await makeCappedKey(holder, { life: 50_000 });
    const run = await makeRun(key, 4_000);
    const fact = makeFact(run);
    await commitUsageFacts(deps, [fact]);
    await commitUsageFacts(deps, [fact]);
    const receiptId = receiptIdOf(fact.source, sourceReference(fact));
    const refund = {
      accountId: key.accountId,
      credits: 250,
      reason: "refund",
      reference: "r",
      receiptId,
    } as const;
    await addCredits(deps, refund);
    const row = await env.DB.prepare(
      "SELECT charged_credits, held_credits FROM virtual_keys WHERE id = ?1",
    )
      .bind(key.virtualKeyId)
      .first();
    expect(row).toEqual({ charged_credits: 750, held_credits: 3_250 });
    assertBalanced(await readAudit(key.accountId));
  });
});
