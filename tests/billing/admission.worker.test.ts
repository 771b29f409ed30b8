import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { newId } from "../../src/base/ids.ts";
import {
  activeRunsMax,
  admitRun,
  readAdmission,
  skipSlot,
  topUpLease,
} from "../../src/billing/admission.ts";
import { commitUsageFacts, finishRun } from "../../src/billing/billing.ts";
import {
  admit,
  assertBalanced,
  depsOf,
  eager,
  finishOf,
  makeCappedKey,
  makeFact,
  makeHolder,
  makeRun,
  makeStart,
  readAudit,
  spyOn,
  t0,
} from "./ledger-fixture.ts";

describe("admission", () => {
  it("lets a run in with its thread, message and hold, in one round trip", async () => {
    const holder = await makeHolder(5_000);
    const start = makeStart(holder);
    const spy = spyOn();
    const admission = await admitRun(spy.db, { start, holdCredits: 2_000, now: t0 }, eager);
    expect(admission).toEqual({
      kind: "admitted",
      created: true,
      rev: 1,
      leaseCredits: 2_000,
      history: [{ role: "user", content: "hello" }],
    });
    expect(spy.batches).toBe(1);
    expect(await readAudit(holder.accountId)).toMatchObject({
      held: 2_000,
      holds: 2_000,
      active: 1,
    });
  });

  it(
    "admits exactly three of twenty runs at once on credit for three, a hundred times of a hundred",
    { timeout: 60_000 },
    async () => {
      for (let trial = 1; trial <= 100; trial += 1) {
        const holder = await makeHolder(3_000);
        const starts = Array.from({ length: 20 }, () => makeStart(holder));
        const admissions = await Promise.all(starts.map((start) => admit(start, 1_000)));
        expect(admissions.filter(({ kind }) => kind === "admitted")).toHaveLength(3);
        const refused = admissions.filter((admission) => admission.kind === "refused");
        expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["insufficient_credits"]));
        const held = { held: 3_000, holds: 3_000, open: 3 };
        expect(await readAudit(holder.accountId)).toMatchObject(held);
      }
    },
  );

  it("leaves nothing of a refused run, so that its id can be admitted later", async () => {
    const holder = await makeHolder(500);
    const start = makeStart(holder);
    expect(await admit(start, 1_000)).toMatchObject({ code: "insufficient_credits" });
    expect(await admit(start, 1_000)).toMatchObject({ code: "insufficient_credits" });
    expect(await readAdmission(env.DB, start.context.runId)).toBeNull();
    const left = await env.DB.prepare(
      "SELECT (SELECT count(*) FROM threads WHERE id = ?1) + (SELECT count(*) FROM messages WHERE thread_id = ?1) AS n",
    )
      .bind(start.threadId)
      .first<number>("n");
    expect(left).toBe(0);
    expect(await admit(start, 500)).toMatchObject({ kind: "admitted", created: true });
  });

  it("admits the same request again without a second hold or message", async () => {
    const holder = await makeHolder(5_000);
    const start = makeStart(holder);
    await admit(start, 1_000);
    const again = { ...start, context: { ...start.context, requestId: newId("request") } };
    expect(await admit(again, 1_000, t0 + 60_000)).toMatchObject({
      kind: "admitted",
      created: false,
      leaseCredits: 1_000,
      history: [{ role: "user", content: "hello" }],
    });
    expect(await readAudit(holder.accountId)).toMatchObject({ held: 1_000, active: 1 });
  });

  it("refuses another request under the same run id, and hides a run of another account", async () => {
    const holder = await makeHolder(5_000);
    const stranger = await makeHolder(5_000);
    const start = await makeRun(holder);
    const other = { ...start, requestHash: "b".repeat(64) };
    expect(await admit(other)).toMatchObject({ kind: "refused", code: "idempotency_conflict" });
    const context = {
      ...start.context,
      billingAccountId: stranger.accountId,
      virtualKeyId: stranger.virtualKeyId,
    };
    expect(await admit({ ...start, context })).toMatchObject({
      kind: "refused",
      code: "not_found",
    });
    expect(await readAudit(stranger.accountId)).toMatchObject({ active: 0, held: 0 });
  });

  it("never makes a thread that is unknown or another account's", async () => {
    const holder = await makeHolder(5_000);
    const foreign = await makeRun(await makeHolder(5_000));
    await finishRun(depsOf(), finishOf(foreign, 2));
    for (const threadId of [newId("thread"), foreign.threadId]) {
      const start = makeStart(holder, { threadId, isNewThread: false });
      expect(await admit(start)).toMatchObject({ kind: "refused", code: "not_found" });
      expect(await admit(start)).toMatchObject({ kind: "refused", code: "not_found" });
    }
  });

  it("refuses unknown accounts and keys of other accounts", async () => {
    const holder = await makeHolder(5_000);
    const stranger = await makeHolder(5_000);
    const unknown = makeStart({ accountId: newId("account"), virtualKeyId: holder.virtualKeyId });
    expect(await admit(unknown)).toMatchObject({ kind: "refused", code: "not_found" });
    const mixed = makeStart({ accountId: holder.accountId, virtualKeyId: stranger.virtualKeyId });
    expect(await admit(mixed)).toMatchObject({ kind: "refused", code: "not_found" });
  });

  it.each(["running", "interrupted"] as const)(
    "refuses a second run on a thread whose last run is %s",
    async (status) => {
      const holder = await makeHolder(5_000);
      const first = await makeRun(holder);
      if (status === "interrupted") {
        const stop = { status, finishedAt: null, output: null, assistantMessage: null };
        await finishRun(depsOf(), finishOf(first, 2, stop));
      }
      const { threadId } = first;
      const second = makeStart(holder, { threadId, isNewThread: false });
      expect(await admit(second)).toMatchObject({ kind: "refused", code: "conflict" });
      expect(await admit(second)).toMatchObject({ kind: "refused", code: "conflict" });
    },
  );

  it("gives the next run on a thread the conversation before it, whatever its clock says", async () => {
    const holder = await makeHolder(5_000);
    const first = await makeRun(holder);
    await finishRun(depsOf(), finishOf(first, 2, { assistantMessage: "hi" }));
    const messages = [{ role: "user", content: "and now?" }] as const;
    const second = makeStart(holder, {
      threadId: first.threadId,
      isNewThread: false,
      messages: [...messages],
    });
    const expected = [
      { role: "user", content: "hello" },
      { role: "assistant", content: "hi" },
      { role: "user", content: "and now?" },
    ];
    const slowClock = t0 - 5_000;
    expect(await admit(second, 0, slowClock)).toMatchObject({ history: expected });
    expect(await admit(second, 0, slowClock)).toMatchObject({ created: false, history: expected });
    await finishRun(
      depsOf(),
      finishOf(second, 2, { finishedAt: slowClock, assistantMessage: "later" }),
    );
    const third = makeStart(holder, { threadId: first.threadId, isNewThread: false });
    expect(await admit(third, 0, slowClock)).toMatchObject({
      history: [...expected, { role: "assistant", content: "later" }, ...third.messages],
    });
  });

  it("lets no run in again that has ended", async () => {
    const holder = await makeHolder(5_000);
    const start = await makeRun(holder);
    await finishRun(depsOf(), finishOf(start, 2));
    for (let again = 0; again < 2; again += 1)
      expect(await admit(start)).toMatchObject({ kind: "refused", code: "conflict" });
    expect(await readAudit(holder.accountId)).toMatchObject({ held: 0, active: 0 });
  });

  it("keeps a whole conversation in its order, signs and all", async () => {
    const holder = await makeHolder(5_000);
    const messages = Array.from({ length: 120 }, (_, index) => ({
      role: index % 2 === 0 ? ("user" as const) : ("assistant" as const),
      content: `${index} "quoted" \\ 🙂 \u0000 end`,
    }));
    const admission = await admit(makeStart(holder, { messages }));
    expect(admission).toMatchObject({ history: messages.slice(-50) });
  });

  it("lets a free run in at a balance of 0 and not below", async () => {
    const holder = await makeHolder(0);
    const run = await makeRun(holder);
    await finishRun(depsOf(), finishOf(run, 2, { facts: [makeFact(run)] }));
    expect(await readAudit(holder.accountId)).toMatchObject({ balance: -1_000 });
    expect(await admit(makeStart(holder))).toMatchObject({ code: "insufficient_credits" });
  });

  it("refuses more runs at once than an account may have", async () => {
    const holder = await makeHolder(5_000);
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?3)
       INSERT INTO graph_runs (id, billing_account_id, virtual_key_id, graph_id, model, trigger, request_id,
         request_hash, status, lease_credits, lease_open, created_at)
       SELECT 'run_' || ?1 || i, ?1, ?2, 'langgraph:poet', 'demo/small', 'api', 'req', 'h', 'running', 0, 1, 0 FROM n`,
    )
      .bind(holder.accountId, holder.virtualKeyId, activeRunsMax - 1)
      .run();
    const last = await makeRun(holder);
    expect(await admit(makeStart(holder))).toMatchObject({ kind: "refused", code: "rate_limit" });
    await finishRun(depsOf(), finishOf(last, 2));
    expect(await admit(makeStart(holder))).toMatchObject({ kind: "admitted" });
  });

  it("holds a key to its own limit: what it was charged and what its runs hold", async () => {
    const holder = await makeHolder(100_000);
    const key = await makeCappedKey(holder, { life: 3_000 });
    const first = await makeRun(key, 2_000);
    const refused = await admit(makeStart(key), 1_500);
    expect(refused).toMatchObject({ kind: "refused", code: "insufficient_credits" });
    expect(refused).toMatchObject({ message: expect.stringContaining("key") });
    expect(
      await topUpLease(env.DB, { runId: first.context.runId, rev: 2, leaseCredits: 3_001 }),
    ).toEqual({
      granted: false,
    });
    await finishRun(depsOf(), finishOf(first, 2, { facts: [makeFact(first)] }));
    expect(await admit(makeStart(key), 2_001)).toMatchObject({ code: "insufficient_credits" });
    expect(await admit(makeStart(key), 2_000)).toMatchObject({ kind: "admitted" });
    expect(await admit(makeStart(holder), 2_001)).toMatchObject({ kind: "admitted" });
  });

  it.each(["before", "after"] as const)(
    "admits once when the answer is lost %s the commit",
    async (moment) => {
      const holder = await makeHolder(5_000);
      const start = makeStart(holder);
      const spy = spyOn([moment, moment]);
      const admission = await admitRun(spy.db, { start, holdCredits: 1_000, now: t0 }, eager);
      expect(admission).toMatchObject({ kind: "admitted", created: true, leaseCredits: 1_000 });
      expect(spy.batches).toBe(3);
      expect(await readAudit(holder.accountId)).toMatchObject({ held: 1_000, active: 1 });
    },
  );

  it("throws when D1 cannot be reached, having tried as often as told", async () => {
    const holder = await makeHolder(5_000);
    const spy = spyOn(["before", "before", "before"]);
    const retry = { ...eager, attemptsMax: 3 };
    const wish = { start: makeStart(holder), holdCredits: 0, now: t0 };
    await expect(admitRun(spy.db, wish, retry)).rejects.toThrow("Network connection lost");
    expect(spy.batches).toBe(3);
  });
});

describe("a lease", () => {
  it("is raised to a total once, however often it is asked for", async () => {
    const holder = await makeHolder(5_000);
    const { context } = await makeRun(holder, 1_000);
    const spy = spyOn(["after"]);
    const wish = { runId: context.runId, rev: 2, leaseCredits: 3_000 };
    expect(await topUpLease(spy.db, wish, eager)).toEqual({ granted: true });
    expect(await topUpLease(env.DB, wish)).toEqual({ granted: true });
    expect(spy.batches).toBe(2);
    expect(await readAudit(holder.accountId)).toMatchObject({ held: 3_000 });
    expect(await readAdmission(env.DB, context.runId)).toEqual({
      status: "running",
      rev: 2,
      leaseCredits: 3_000,
    });
  });

  it("is refused beyond the available credits and stays as it was", async () => {
    const holder = await makeHolder(2_000);
    const { context } = await makeRun(holder, 1_000);
    const wish = { runId: context.runId, rev: 2, leaseCredits: 2_001 };
    expect(await topUpLease(env.DB, wish)).toEqual({ granted: false });
    expect(await topUpLease(env.DB, wish)).toEqual({ granted: false });
    expect(await topUpLease(env.DB, { ...wish, leaseCredits: 2_000 })).toEqual({ granted: true });
  });

  it("does not count spent credits twice", async () => {
    const holder = await makeHolder(2_000);
    const run = await makeRun(holder, 1_000);
    await commitUsageFacts(depsOf(), [makeFact(run)]);
    const wish = { runId: run.context.runId, rev: 2, leaseCredits: 2_000 };
    expect(await topUpLease(env.DB, wish)).toEqual({ granted: true });
    expect(await readAudit(holder.accountId)).toMatchObject({ balance: 1_000, held: 1_000 });
  });

  it("ends once: a late top-up and a second finish change nothing", async () => {
    const holder = await makeHolder(5_000);
    const run = await makeRun(holder, 2_000);
    const finish = finishOf(run, 2, { facts: [makeFact(run)] });
    expect(await finishRun(depsOf(), finish)).toMatchObject({ current: true });
    expect(await finishRun(depsOf(), finish)).toMatchObject({ current: true });
    const late = { runId: run.context.runId, rev: 2, leaseCredits: 4_000 };
    expect(await topUpLease(env.DB, late)).toEqual({ granted: false });
    const stale = finishOf(run, 3, { status: "error", output: "other" });
    expect(await finishRun(depsOf(), stale)).toMatchObject({ current: false });
    const audit = await readAudit(holder.accountId);
    expect(audit).toMatchObject({ balance: 4_000, held: 0, active: 0 });
    assertBalanced(audit);
    expect(await readAdmission(env.DB, run.context.runId)).toMatchObject({
      status: "success",
      rev: 2,
    });
  });
});

describe("the end of a run", () => {
  it("closes the lease though the answer to the last top-up was lost", async () => {
    const holder = await makeHolder(10_000);
    const run = await makeRun(holder, 1_000);
    const { runId } = run.context;
    // Committed, and the RunObject never learned of it: it goes on from its own count of writes.
    await topUpLease(env.DB, { runId, rev: 2, leaseCredits: 3_000 });
    for (let time = 0; time < 2; time++) {
      expect(await finishRun(depsOf(), finishOf(run, 3))).toMatchObject({ current: true });
      expect(await readAudit(holder.accountId)).toMatchObject({ held: 0, active: 0 });
    }
  });
});

describe("a skipped slot", () => {
  it("is recorded once with its reason, and a later start of it finds that and stops", async () => {
    const holder = await makeHolder(5_000);
    const scheduledFor = new Date(t0).toISOString();
    const start = makeStart(holder, { scheduleId: "sch_1", scheduledFor });
    const slot = { start, errorCode: "insufficient_credits", errorMessage: "No credit.", now: t0 };
    await skipSlot(env.DB, slot);
    await skipSlot(env.DB, { ...slot, errorMessage: "Another reason." });
    expect(await admit(start)).toEqual({
      kind: "refused",
      code: "insufficient_credits",
      message: "No credit.",
    });
    expect(await readAudit(holder.accountId)).toMatchObject({ active: 0, held: 0 });
  });

  it("leaves a run that exists as it is", async () => {
    const holder = await makeHolder(5_000);
    const start = await makeRun(holder);
    await skipSlot(env.DB, { start, errorCode: "conflict", errorMessage: "Overlap.", now: t0 });
    expect(await readAdmission(env.DB, start.context.runId)).toMatchObject({ status: "running" });
  });
});
