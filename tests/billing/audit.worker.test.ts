import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { runAudit } from "../../src/billing/audit-hourly.ts";
import {
  findingKinds,
  type AuditReport,
  type FindingKind,
} from "../../src/billing/audit-report.ts";
import { setAccountCaps } from "../../src/billing/account-caps.ts";
import { auditLedger } from "../../src/billing/audit.ts";
import { commitUsageFacts, finishRun } from "../../src/billing/billing.ts";
import { addCredits } from "../../src/billing/credits.ts";
import { receiptIdOf, sourceReference } from "../../src/billing/pricing.ts";
import { reopenRun } from "../../src/billing/reopen.ts";
import type { ModelEntry } from "../../src/ports/model-catalog.ts";
import type { StartRun } from "../../src/ports/run.ts";
import type { UsageFact } from "../../src/ports/usage-fact.ts";
import {
  admit,
  depsOf,
  finishOf,
  makeCappedKey,
  makeFact,
  makeHolder,
  makeRun,
  makeStart,
  t0,
  type Holder,
} from "./ledger-fixture.ts";
import { withoutTriggers } from "./without-triggers.ts";
import { RecordingLog } from "../logs.ts";

const db = env.DB;
const minuteMs = 60_000;
/** Just after the fixture's runs began. */
const now = t0 + 5 * minuteMs;
const model = "audited/paid";

async function audit(at = now, extent: "all" | "recent" = "all"): Promise<AuditReport> {
  return auditLedger(db, { now: at, paidModels: [model], extent });
}

async function write(sql: string, ...values: (string | number | null)[]): Promise<void> {
  await withoutTriggers(db, [db.prepare(sql).bind(...values)]);
}

async function charge(run: StartRun, changes: Partial<UsageFact> = {}): Promise<string> {
  const fact = makeFact(run, { model, ...changes });
  const { committed } = await commitUsageFacts(depsOf(), [fact]);
  expect(committed).toHaveLength(1);
  return receiptIdOf(fact.source, sourceReference(fact));
}

/** What is found now and was not before, by kind; the counts must have grown alike. */
function newIn(after: AuditReport, before: AuditReport): Partial<Record<FindingKind, string[]>> {
  const found: Partial<Record<FindingKind, string[]>> = {};
  for (const kind of findingKinds) {
    const fresh = after[kind].ids.filter((id) => !before[kind].ids.includes(id));
    expect([kind, after[kind].count - before[kind].count]).toEqual([kind, fresh.length]);
    if (fresh.length > 0) found[kind] = fresh.toSorted();
  }
  return found;
}

/** The account of a healthy history: a top-up, a run that was charged and ended, a refund, a run under way. */
interface World {
  holder: Holder;
  ended: StartRun;
  receiptId: string;
  open: StartRun;
}

async function makeWorld(): Promise<World> {
  const holder = await makeHolder(1_000_000);
  const ended = await makeRun(holder, 5_000);
  const receiptId = await charge(ended);
  await charge(ended);
  await finishRun(depsOf(), finishOf(ended, 2));
  const refund = { credits: 300, reason: "refund", reference: "sorry", receiptId } as const;
  await addCredits(depsOf(), { accountId: holder.accountId, ...refund });
  const open = await makeRun(holder, 7_000);
  return { holder, ended, receiptId, open };
}

let before: AuditReport;
let world: World;
beforeEach(async () => {
  before = await audit();
  world = await makeWorld();
});

async function findNew(): Promise<Partial<Record<FindingKind, string[]>>> {
  return newIn(await audit(), before);
}

describe("the audit of healthy books", () => {
  it("finds nothing, in all and in recent ones", async () => {
    expect(await findNew()).toEqual({});
    expect(newIn(await audit(now, "recent"), await audit())).toEqual({});
  });

  it("says how long the oldest open run has been under way", async () => {
    const { oldestUnsettledSeconds } = await audit();
    expect(oldestUnsettledSeconds).toBeGreaterThanOrEqual((now - t0) / 1_000);
    expect((await audit(now + 10_000)).oldestUnsettledSeconds).toBe(oldestUnsettledSeconds + 10);
  });

  it("takes a capped key, an interrupt, an answer, a retry and free models for what they are", async () => {
    const key = await makeCappedKey(world.holder, { life: 50_000 });
    const run = makeStart(key);
    expect(await admit(run, 2_000)).toMatchObject({ kind: "admitted" });
    await charge(run);
    await charge(run, { model: "audited/free", costUsd: "0" });
    await charge(run, { inputTokens: 0, outputTokens: 0, costUsd: "0" });
    const { runId } = run.context;
    await finishRun(depsOf(), finishOf(run, 2, { status: "interrupted", finishedAt: null }));
    expect(await findNew()).toEqual({});
    await reopenRun(db, { runId, rev: 3, attempt: 0, holdCredits: 900 });
    await finishRun(depsOf(), finishOf(run, 4, { status: "error" }));
    await reopenRun(db, { runId, rev: 5, attempt: 1, holdCredits: 800 });
    expect(await findNew()).toEqual({});
  });
});

/** Other files leave runs open in the same database, and a finding names only a hundred. */
async function closeOthers(runId: string): Promise<void> {
  await db
    .prepare(
      `UPDATE graph_runs SET status = 'error', lease_open = 0, finished_at = ?2
       WHERE lease_open = 1 AND created_at < ?2 + 86400000 AND id <> ?1`,
    )
    .bind(runId, t0)
    .run();
}

describe("the audit finds runs", () => {
  it("that are under way for longer than a run may take", async () => {
    const { runId } = world.open.context;
    await closeOthers(runId);
    const at = t0 + 71 * minuteMs;
    const unsettled = async (when: number) => (await audit(when)).unsettledRuns.ids;
    expect(await unsettled(t0 + 69 * minuteMs)).not.toContain(runId);
    expect(await unsettled(at)).toContain(runId);
    expect(await unsettled(at)).not.toContain(world.ended.context.runId);
  });

  it("that nobody drives, sooner", async () => {
    const { runId } = world.open.context;
    await closeOthers(runId);
    await write("UPDATE graph_runs SET status = 'pending' WHERE id = ?1", runId);
    expect((await audit(t0 + 9 * minuteMs)).unsettledRuns.ids).not.toContain(runId);
    expect((await audit(t0 + 11 * minuteMs)).unsettledRuns.ids).toContain(runId);
  });

  it("by the time they were let in again, not by their age", async () => {
    const { runId } = world.open.context;
    await closeOthers(runId);
    await finishRun(depsOf(), finishOf(world.open, 2, { status: "error" }));
    await reopenRun(db, { runId, rev: 3, attempt: 1, holdCredits: 0 });
    const at = Date.now();
    expect((await audit(at)).unsettledRuns.ids).not.toContain(runId);
    expect((await audit(at + 71 * minuteMs)).unsettledRuns.ids).toContain(runId);
  });

  it.each(["success", "interrupted"])("that are %s and hold a lease", async (status) => {
    const { runId } = world.open.context;
    await write("UPDATE graph_runs SET status = ?2 WHERE id = ?1", runId, status);
    expect(await findNew()).toEqual({ deadHolds: [runId] });
  });

  it("whose totals are not those of their receipts", async () => {
    const { runId } = world.ended.context;
    await write("UPDATE graph_runs SET charged_credits = charged_credits + 1 WHERE id = ?1", runId);
    expect(await findNew()).toEqual({ balanceMismatches: [runId] });
    await write("UPDATE graph_runs SET charged_credits = charged_credits - 1 WHERE id = ?1", runId);
    await write("UPDATE graph_runs SET input_tokens = 0 WHERE id = ?1", runId);
    expect(await findNew()).toEqual({ balanceMismatches: [runId] });
  });
});

describe("the audit finds receipts", () => {
  it("that are unknown two hours after their run, until a correction says what they cost", async () => {
    const unknown = {
      settlement: "unknown",
      costUsd: "0",
      inputTokens: 0,
      outputTokens: 0,
    } as const;
    const ofEnded = { ...unknown, usageUnitId: `dispatch:${world.ended.context.runId}/1` };
    const id = await charge(world.ended, ofEnded);
    // A run that goes on, or waits for a person, looks at the log when it has ended.
    const ofOpen = { ...unknown, usageUnitId: `dispatch:${world.open.context.runId}/1` };
    const notYet = await charge(world.open, ofOpen);
    const unknownIds = async (at: number) => (await audit(at)).unknownReceipts.ids;
    expect(await unknownIds(t0 + 119 * minuteMs)).not.toContain(id);
    expect(await unknownIds(t0 + 121 * minuteMs)).toContain(id);
    expect(await unknownIds(t0 + 121 * minuteMs)).not.toContain(notYet);
    expect(await findNew()).toEqual({});
    await db
      .prepare(
        `INSERT INTO receipt_corrections (receipt_id, billing_account_id, reason, reference, settlement, provenance,
          input_tokens, output_tokens, cost_usd, charged_delta, created_at)
         VALUES (?1, ?2, 'correction', 'log', 'final', 'gateway_log', 5, 6, '0.0002', 2000, ?3)`,
      )
      .bind(id, world.holder.accountId, t0)
      .run();
    expect(await unknownIds(t0 + 121 * minuteMs)).not.toContain(id);
    expect(await findNew()).toEqual({});
  });

  it("of a paid model with tokens and no cost, as their corrections left them", async () => {
    const id = await charge(world.open, { costUsd: "0" });
    expect(await findNew()).toEqual({ zeroCostPaid: [id] });
    const correct = (reference: string, costUsd: string) =>
      db
        .prepare(
          `INSERT INTO receipt_corrections (receipt_id, billing_account_id, reason, reference, settlement, provenance,
            input_tokens, output_tokens, cost_usd, charged_delta, created_at)
           VALUES (?1, ?2, 'correction', ?3, 'final', 'gateway_log', 10, 20, ?4, 0, ?5)`,
        )
        .bind(id, world.holder.accountId, reference, costUsd, t0)
        .run();
    await correct("log-1", "0.0001");
    expect(await findNew()).toEqual({});
    await correct("log-2", "0.000");
    expect(await findNew()).toEqual({ zeroCostPaid: [id] });
  });

  it("whose unit id we made up", async () => {
    const { runId } = world.open.context;
    const ids = [
      await charge(world.open, { usageUnitId: `MISSING:${runId}/0` }),
      await charge(world.open, { usageUnitId: `chatcmpl-${runId}#3` }),
      await charge(world.open, { usageUnitId: `dispatch:${runId}/1` }),
    ];
    await charge(world.open, { usageUnitId: `dispatch:${runId}/2`, settlement: "estimated" });
    expect(await findNew()).toEqual({ missingUsageUnitIds: ids.toSorted() });
  });

  it("without a ledger entry, and the entry after it, which no longer follows", async () => {
    const next = await db
      .prepare(
        "SELECT min(id) AS id FROM credit_ledger WHERE id > (SELECT id FROM credit_ledger WHERE receipt_id = ?1 AND reason = 'charge')",
      )
      .bind(world.receiptId)
      .first<{ id: number }>();
    await write(
      "DELETE FROM credit_ledger WHERE receipt_id = ?1 AND reason = 'charge'",
      world.receiptId,
    );
    const entry = `${world.holder.accountId}/entry/${next?.id}`;
    expect(await findNew()).toEqual({ balanceMismatches: [entry, world.receiptId].toSorted() });
  });
});

describe("the audit finds accounts and keys", () => {
  it("whose balance is not that of their entries", async () => {
    const { accountId } = world.holder;
    await write(
      "UPDATE billing_accounts SET balance_credits = balance_credits + 1 WHERE id = ?1",
      accountId,
    );
    expect(await findNew()).toEqual({ balanceMismatches: [accountId] });
    expect((await audit(now, "recent")).balanceMismatches.ids).toContain(accountId);
  });

  it.each(["held_credits", "active_runs"])(
    "whose %s are not those of their runs",
    async (column) => {
      const { accountId } = world.holder;
      await write(`UPDATE billing_accounts SET ${column} = ${column} + 1 WHERE id = ?1`, accountId);
      expect(await findNew()).toEqual({ deadHolds: [accountId] });
    },
  );

  it.each([
    ["held_credits", "deadHolds"],
    ["charged_credits", "balanceMismatches"],
  ])("keys with a cap whose %s are not those of their runs", async (column, kind) => {
    const { virtualKeyId } = await makeCappedKey(world.holder, { life: 50_000 });
    await write(`UPDATE virtual_keys SET ${column} = 1 WHERE id = ?1`, virtualKeyId);
    expect(await findNew()).toEqual({ [kind]: [virtualKeyId] });
  });

  const miscount = (owner: string, letters: number) =>
    write(
      `UPDATE spend_by_period SET charged_credits = charged_credits + 1
       WHERE owner_id = ?1 AND length(period) = ?2`,
      ...[owner, letters],
    );

  it.each([10, 7])("with caps that count something else than the rollup (%i)", async (letters) => {
    const { accountId } = world.holder;
    await setAccountCaps(db, accountId, { maxCreditsPerDay: 1e9, maxCreditsPerMonth: null });
    expect(await findNew()).toEqual({});
    await miscount(accountId, letters);
    const day = new Date(t0).toISOString().slice(0, letters);
    expect(await findNew()).toEqual({ balanceMismatches: [`${accountId}/spend/${day}`] });
  });

  it.each([10, 7])("keys with caps that count something else (%i)", async (letters) => {
    const key = await makeCappedKey(world.holder, { month: 50_000 });
    await charge(await makeRun(key, 1_000));
    expect(await findNew()).toEqual({});
    await miscount(key.virtualKeyId, letters);
    expect(await findNew()).toEqual({ balanceMismatches: [key.virtualKeyId] });
  });
});

describe("the audit finds entries, corrections and rollups", () => {
  it("that do not follow, or stand for nothing", async () => {
    const { accountId } = world.holder;
    const entry = await db
      .prepare("SELECT id FROM credit_ledger WHERE receipt_id = ?1 AND reason = 'refund'")
      .bind(world.receiptId)
      .first<{ id: number }>();
    await write("UPDATE credit_ledger SET amount_credits = 301 WHERE id = ?1", entry?.id ?? 0);
    const correction = await db
      .prepare("SELECT id FROM receipt_corrections WHERE receipt_id = ?1")
      .bind(world.receiptId)
      .first<{ id: number }>();
    const ids = [
      `${accountId}/entry/${entry?.id}`,
      `${world.receiptId}/correction/${correction?.id}`,
    ];
    expect(await findNew()).toEqual({ balanceMismatches: ids.toSorted() });
  });

  it.each([
    "UPDATE usage_hourly SET calls = calls + 1 WHERE billing_account_id = ?1",
    "UPDATE usage_daily SET charged_credits = charged_credits - 1 WHERE billing_account_id = ?1",
    "UPDATE usage_daily SET runs = runs + 1 WHERE billing_account_id = ?1",
    "DELETE FROM usage_daily WHERE billing_account_id = ?1",
    "DELETE FROM usage_hourly WHERE billing_account_id = ?1",
  ])("after %s", async (sql) => {
    const { accountId } = world.holder;
    await write(sql, accountId);
    const day = new Date(t0).toISOString().slice(0, 10);
    expect(await findNew()).toEqual({ balanceMismatches: [`${accountId}/day/${day}`] });
    const recent = await audit(now, "recent");
    expect(recent.balanceMismatches.ids).toContain(`${accountId}/day/${day}`);
  });
});

describe("the audit of the hour", () => {
  const priced = { id: model, free: false } as ModelEntry;
  const catalogs = {
    models: {
      models: [priced, { ...priced, id: "audited/free", free: true }],
      defaultModelId: model,
      find: () => null,
    },
  };

  it("logs what it found with ids, and returns the runs of dead holds", async () => {
    const { runId } = world.open.context;
    await write("UPDATE graph_runs SET status = 'success' WHERE id = ?1", runId);
    await write(
      "UPDATE billing_accounts SET held_credits = held_credits + 1 WHERE id = ?1",
      world.holder.accountId,
    );
    const log = new RecordingLog();
    const dead = await runAudit(env, { clock: { now: () => now }, log, catalogs });
    expect(dead).toContain(runId);
    expect(dead).not.toContain(world.holder.accountId);
    const line = log.lines.find(({ fields }) => fields["kind"] === "deadHolds");
    expect(line).toMatchObject({
      level: "error",
      event: "audit.found",
      fields: { extent: "recent" },
    });
    expect(String(line?.fields["ids"]).split(" ")).toContain(runId);
    expect(log.lines.map(({ event }) => event)).not.toContain("audit.clean");
  });

  it("looks at everything once a day", async () => {
    const log = new RecordingLog();
    const midnight = Math.ceil(t0 / 86_400_000) * 86_400_000;
    await runAudit(env, { clock: { now: () => midnight + minuteMs }, log, catalogs });
    expect(log.lines[0]?.fields).toMatchObject({ extent: "all" });
  });
});
