import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { admitRun } from "../../src/billing/admission.ts";
import { commitUsageFacts, finishRun } from "../../src/billing/billing.ts";
import { receiptIdOf, sourceReference } from "../../src/billing/pricing.ts";
import type { UsageFact } from "../../src/ports/usage-fact.ts";
import {
  assertBalanced,
  depsOf,
  eager,
  finishOf,
  makeFact,
  makeHolder,
  makeRun,
  makeStart,
  readAudit,
  spyOn,
  t0,
} from "./ledger-fixture.ts";
import { RecordingLog } from "../logs.ts";

async function receiptsOfRun(runId: string): Promise<Record<string, unknown>[]> {
  const rows = await env.DB.prepare("SELECT * FROM charge_receipts WHERE run_id = ?1")
    .bind(runId)
    .all();
  return rows.results;
}

describe("committing usage", () => {
  it("writes every column of a receipt, in one round trip", async () => {
    const holder = await makeHolder(10_000);
    const run = await makeRun(holder);
    const fact = makeFact(run, {
      providerCallId: "call-1",
      servedModel: "demo/small-2",
      source: "openai",
    });
    const spy = spyOn();
    const report = await commitUsageFacts(depsOf(spy.db), [fact]);
    const receiptId = receiptIdOf("openai", sourceReference(fact));
    expect(spy.batches).toBe(1);
    expect(report).toEqual({
      committed: [
        { fact, sourceReference: sourceReference(fact), receiptId, chargedCredits: 1_000 },
      ],
      refused: [],
    });
    expect(await receiptsOfRun(fact.runId)).toEqual([
      {
        id: receiptId,
        billing_account_id: holder.accountId,
        virtual_key_id: holder.virtualKeyId,
        run_id: fact.runId,
        attempt: 0,
        request_id: fact.requestId,
        source_system: "openai",
        source_reference: `${fact.runId}/0/${fact.usageUnitId}`,
        usage_unit_id: fact.usageUnitId,
        provider_call_id: "call-1",
        graph_id: "langgraph:poet",
        executor_type: "inproc",
        trigger: "chat",
        receipt_kind: "llm",
        provenance: "usage",
        settlement: "final",
        provider: "demo",
        model: "demo/small",
        served_model: "demo/small-2",
        input_tokens: 10,
        output_tokens: 20,
        cache_read_tokens: 0,
        cache_write_tokens: 0,
        reasoning_tokens: 0,
        cost_usd: "0.0001",
        charged_credits: 1_000,
        price_version: "usage*10000bp",
        content_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        usage_raw: '{"prompt_tokens":10}',
        created_at: t0,
      },
    ]);
  });

  it("charges the same fact once in 400 concurrent commits", { timeout: 60_000 }, async () => {
    const holder = await makeHolder(10_000);
    const run = await makeRun(holder);
    const fact = makeFact(run);
    const reports = await Promise.all(
      Array.from({ length: 400 }, (_, index) =>
        commitUsageFacts(depsOf(), [{ ...fact, requestId: `req_${index}`, usageRaw: index }]),
      ),
    );
    expect(reports.every(({ committed }) => committed[0]?.chargedCredits === 1_000)).toBe(true);
    expect(await receiptsOfRun(fact.runId)).toHaveLength(1);
    const audit = await readAudit(holder.accountId);
    expect(audit).toMatchObject({ balance: 9_000, receiptCalls: 1 });
    assertBalanced(audit);
  });

  const others: [string, Partial<UsageFact>][] = [
    ["another cost", { costUsd: "0.0002" }],
    ["other tokens", { outputTokens: 21 }],
    ["another settlement", { settlement: "estimated" }],
    ["another model", { model: "demo/large" }],
    ["another served model", { servedModel: "demo/other" }],
    ["another provider call", { providerCallId: "call-other" }],
  ];
  it.each(others)("refuses the same key with %s, alarms, and keeps the first", async (_, other) => {
    const holder = await makeHolder(10_000);
    const run = await makeRun(holder);
    const fact = makeFact(run);
    await commitUsageFacts(depsOf(), [fact]);
    const log = new RecordingLog();
    for (let time = 1; time <= 2; time += 1) {
      const report = await commitUsageFacts(depsOf(env.DB, log), [{ ...fact, ...other }]);
      expect(report.committed).toEqual([]);
      expect(report.refused).toMatchObject([{ reason: "receipt_conflict" }]);
    }
    expect(log.lines).toHaveLength(2);
    expect(log.lines[0]).toMatchObject({ level: "error", event: "billing.receipt_conflict" });
    const audit = await readAudit(holder.accountId);
    expect(audit).toMatchObject({ balance: 9_000, receiptCalls: 1 });
    assertBalanced(audit);
  });

  it("refuses a provider's call id that another unit has", async () => {
    const run = await makeRun(await makeHolder(10_000));
    const first = makeFact(run, { providerCallId: `call-${run.context.runId}` });
    await commitUsageFacts(depsOf(), [first]);
    const second = makeFact(run, { providerCallId: first.providerCallId });
    const report = await commitUsageFacts(depsOf(), [second]);
    expect(report.refused).toMatchObject([{ reason: "receipt_conflict" }]);
  });

  it("commits everything else of a batch in which one fact conflicts and one is impossible", async () => {
    const holder = await makeHolder(10_000);
    const run = await makeRun(holder);
    const fact = makeFact(run);
    await commitUsageFacts(depsOf(), [fact]);
    const facts = [
      makeFact(run),
      { ...fact, costUsd: "0.0009" },
      makeFact(run, { inputTokens: -1 }),
      makeFact(run, { graphId: "langgraph:other" }),
      makeFact(run),
    ];
    const report = await commitUsageFacts(depsOf(), facts);
    expect(report.committed.map((receipt) => receipt.fact)).toEqual([facts[0], facts[4]]);
    expect(new Set(report.refused.map(({ reason }) => reason))).toEqual(
      new Set(["inputTokens is not a count", "receipt_conflict", "receipt_without_run"]),
    );
    const audit = await readAudit(holder.accountId);
    expect(audit).toMatchObject({ balance: 7_000, receiptCalls: 3 });
    assertBalanced(audit);
  });

  it("keeps the first charge when the markup changed before a repeat", async () => {
    const holder = await makeHolder(10_000);
    const run = await makeRun(holder);
    const fact = makeFact(run);
    await commitUsageFacts(depsOf(), [fact]);
    const log = new RecordingLog();
    const report = await commitUsageFacts({ ...depsOf(env.DB, log), markupBasisPoints: 20_000 }, [
      fact,
    ]);
    expect(report).toMatchObject({ committed: [{ chargedCredits: 1_000 }], refused: [] });
    expect(log.lines).toEqual([]);
    expect(await readAudit(holder.accountId)).toMatchObject({ balance: 9_000 });
  });

  it.each(["before", "after"] as const)(
    "charges once when an answer is lost %s the commit",
    async (moment) => {
      const holder = await makeHolder(10_000);
      const run = await makeRun(holder);
      const facts = [makeFact(run), makeFact(run)];
      const spy = spyOn([moment, moment, moment]);
      const report = await commitUsageFacts(depsOf(spy.db), facts);
      expect(report.committed).toHaveLength(2);
      expect(spy.batches).toBe(4);
      const audit = await readAudit(holder.accountId);
      expect(audit).toMatchObject({ balance: 8_000, receiptCalls: 2 });
      assertBalanced(audit);
    },
  );

  it("writes receipts for 0 credits, and charges nothing for an unknown call whatever it cost", async () => {
    const holder = await makeHolder(10_000);
    const run = await makeRun(holder);
    const facts = [
      makeFact(run, { costUsd: "0" }),
      makeFact(run, { settlement: "unknown", costUsd: "1" }),
    ];
    await commitUsageFacts(depsOf(), facts);
    await commitUsageFacts(depsOf(), facts);
    const audit = await readAudit(holder.accountId);
    expect(audit).toMatchObject({ balance: 10_000, receiptCalls: 2, receipts: 0 });
    assertBalanced(audit);
  });

  it("writes receipts that take the balance below zero", async () => {
    const holder = await makeHolder(500);
    const run = await makeRun(holder, 500);
    await commitUsageFacts(depsOf(), [makeFact(run)]);
    expect(await readAudit(holder.accountId)).toMatchObject({ balance: -500, held: 0 });
  });

  it("throws when D1 cannot be reached, so that the caller keeps its facts", async () => {
    const run = await makeRun(await makeHolder(10_000));
    const spy = spyOn(["before", "before"]);
    const deps = { ...depsOf(spy.db), retry: { ...eager, attemptsMax: 2 } };
    await expect(commitUsageFacts(deps, [makeFact(run)])).rejects.toThrow(
      "Network connection lost",
    );
  });

  it("asks D1 nothing for no facts", async () => {
    const spy = spyOn();
    expect(await commitUsageFacts(depsOf(spy.db), [])).toEqual({ committed: [], refused: [] });
    expect(spy.batches).toBe(0);
  });
});

describe("finishing a run", () => {
  it("posts, closes, answers and reads in one round trip, and says so", async () => {
    const holder = await makeHolder(10_000);
    const run = await makeRun(holder, 5_000);
    const log = new RecordingLog();
    const spy = spyOn();
    const finish = finishOf(run, 2, {
      facts: [makeFact(run), makeFact(run)],
      assistantMessage: "hi",
    });
    const report = await finishRun(depsOf(spy.db, log), finish);
    expect(spy.batches).toBe(1);
    expect(report).toMatchObject({ current: true, refused: [] });
    expect(report.committed).toHaveLength(2);
    expect(log.lines).toEqual([
      {
        level: "info",
        event: "AI_BILLING_COMMIT_COMPLETE",
        fields: expect.objectContaining({
          runId: run.context.runId,
          attempt: 0,
          requestId: run.context.requestId,
          graphId: "langgraph:poet",
          trigger: "chat",
          receipts: 2,
          chargedCredits: 2_000,
        }),
      },
    ]);
    const row = await env.DB.prepare("SELECT * FROM graph_runs WHERE id = ?1")
      .bind(run.context.runId)
      .first();
    expect(row).toMatchObject({
      status: "success",
      rev: 2,
      output: "done",
      call_count: 2,
      input_tokens: 20,
      output_tokens: 40,
      charged_credits: 2_000,
      held_credits: 0,
      finished_at: t0 + 1_000,
    });
    const audit = await readAudit(holder.accountId);
    expect(audit).toMatchObject({ balance: 8_000, held: 0, active: 0 });
    assertBalanced(audit);
  });

  it.each([["before"], ["after"], ["after", "before", "after"]] as ("before" | "after")[][])(
    "finishes once when answers are lost (%s)",
    async (...faults) => {
      const holder = await makeHolder(10_000);
      const run = await makeRun(holder, 5_000);
      const finish = finishOf(run, 2, { facts: [makeFact(run)] });
      const report = await finishRun(depsOf(spyOn(faults).db), finish);
      expect(report).toMatchObject({ current: true, committed: [{ chargedCredits: 1_000 }] });
      // A driver that comes back later repeats with another time in its hands.
      await finishRun({ ...depsOf(), clock: { now: () => t0 + 99_000 } }, finish);
      const messages = await env.DB.prepare(
        "SELECT role FROM messages WHERE run_id = ?1 ORDER BY id",
      )
        .bind(run.context.runId)
        .all();
      expect(messages.results).toEqual([{ role: "user" }, { role: "assistant" }]);
      const audit = await readAudit(holder.accountId);
      expect(audit).toMatchObject({ balance: 9_000, held: 0, active: 0 });
      assertBalanced(audit);
    },
  );

  it("closes the run and posts the rest when one receipt conflicts", async () => {
    const holder = await makeHolder(10_000);
    const run = await makeRun(holder, 5_000);
    const fact = makeFact(run);
    await commitUsageFacts(depsOf(), [fact]);
    const facts = [{ ...fact, costUsd: "0.5" }, makeFact(run)];
    const report = await finishRun(depsOf(), finishOf(run, 2, { facts }));
    expect(report).toMatchObject({
      current: true,
      committed: [{ fact: facts[1] }],
      refused: [{ reason: "receipt_conflict" }],
    });
    const audit = await readAudit(holder.accountId);
    expect(audit).toMatchObject({ balance: 8_000, held: 0, active: 0 });
    assertBalanced(audit);
  });

  it("gives the unspent hold back at an interrupt and adds no message", async () => {
    const holder = await makeHolder(10_000);
    const run = await makeRun(holder, 5_000);
    const stop = finishOf(run, 2, {
      status: "interrupted",
      finishedAt: null,
      output: null,
      assistantMessage: null,
      facts: [makeFact(run)],
    });
    await finishRun(depsOf(), stop);
    await finishRun(depsOf(), stop);
    expect(await readAudit(holder.accountId)).toMatchObject({ balance: 9_000, held: 0, active: 0 });
    const runs = await env.DB.prepare(
      "SELECT sum(runs) AS n FROM usage_hourly WHERE billing_account_id = ?1",
    )
      .bind(holder.accountId)
      .first("n");
    expect(runs).toBe(0);
  });

  it("counts a run once, in the hour of its end", async () => {
    const holder = await makeHolder(10_000);
    const run = await makeRun(holder);
    const finishedAt = t0 + 3_600_000;
    const finish = finishOf(run, 2, { finishedAt, facts: [makeFact(run)] });
    await finishRun(depsOf(), finish);
    await finishRun(depsOf(), finish);
    const rows = await env.DB.prepare(
      "SELECT hour, runs, calls FROM usage_hourly WHERE billing_account_id = ?1 ORDER BY hour",
    )
      .bind(holder.accountId)
      .all();
    expect(rows.results).toEqual([
      { hour: Math.floor(t0 / 3_600_000), runs: 0, calls: 1 },
      { hour: Math.floor(finishedAt / 3_600_000), runs: 1, calls: 0 },
    ]);
    const days = await env.DB.prepare(
      "SELECT sum(runs) AS runs FROM usage_daily WHERE billing_account_id = ?1",
    )
      .bind(holder.accountId)
      .first("runs");
    expect(days).toBe(1);
  });

  it("does not bring a deleted thread back", async () => {
    const run = await makeRun(await makeHolder(10_000));
    await env.DB.batch([
      env.DB.prepare("DELETE FROM messages WHERE thread_id = ?1").bind(run.threadId),
      env.DB.prepare("DELETE FROM threads WHERE id = ?1").bind(run.threadId),
    ]);
    await finishRun(depsOf(), finishOf(run, 2));
    const left = await env.DB.prepare("SELECT count(*) AS n FROM messages WHERE thread_id = ?1")
      .bind(run.threadId)
      .first("n");
    expect(left).toBe(0);
  });
});

describe("a run of one call", () => {
  it("costs its run two round trips and 30 rows, index entries included", async () => {
    const holder = await makeHolder(10_000);
    const spy = spyOn();
    const start = makeStart(holder);
    await admitRun(spy.db, { start, holdCredits: 2_000, now: t0 });
    await finishRun(depsOf(spy.db), finishOf(start, 2, { facts: [makeFact(start)] }));
    expect(spy.batches).toBe(2);
    expect(spy.rowsWritten).toBe(30);
  });
});
