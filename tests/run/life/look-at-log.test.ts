import { describe, expect, it } from "vitest";
import { addCredits } from "../../../src/billing/credits.ts";
import { readUnreconciledRuns } from "../../../src/billing/open-runs.ts";
import type { Env } from "../../../src/env.ts";
import { lookAtLog } from "../../../src/run/life/look-at-log.ts";
import { openRun } from "../../../src/run/open-run.ts";
import { reconcileStragglers } from "../../../src/run/reconcile-stragglers.ts";
import { RunState } from "../../../src/run/run-state.ts";
import { RunLife } from "../../../src/run/life/run-life.ts";
import { comeToRest } from "../../faults/in-process/come-to-rest.ts";
import { expectTrueBooks } from "../../faults/in-process/oracle.ts";
import { firstBalance, retentionMs, World } from "../../faults/in-process/world.ts";

const minute = 60_000;
const hour = 60 * minute;
const oneCall = { steps: [] };

/** A run whose only call was stopped in mid-answer, so that its receipt is unknown; `isDown`: and its log. */
async function stopped({ isDown = false } = {}): Promise<{ world: World; account: string }> {
  const world = await World.create(oneCall);
  const account = world.start.context.billingAccountId;
  world.spendLog.isDown = isDown;
  world.gateway.isHeld = true;
  await world.life.start(world.start);
  await world.quiet();
  world.life.cancel(account);
  world.gateway.release();
  await world.quiet();
  return { world, account };
}

const billingIn = (world: World) =>
  world.d1.all("SELECT reconciling, charged_credits AS charged FROM graph_runs")[0];

describe("a run that has ended", () => {
  it("looks at the gateway's log at once when a receipt is open, and its books close", async () => {
    const { world, account } = await stopped();
    expect(world.life.view(account)).toMatchObject({ status: "cancelled", billing: "reconciling" });
    expect(billingIn(world)).toEqual({ reconciling: 1, charged: 0 });
    await world.elapse(0);
    expect(world.life.view(account)).toMatchObject({
      ...{ chargedCredits: 150, billing: "settled" },
      ...{ books: { settled: 1, unknown: 0 }, usage: { inputTokens: 10, outputTokens: 5 } },
    });
    expect(world.d1.all("SELECT books FROM graph_runs")).not.toEqual([{ books: null }]);
    await world.elapse(2 * minute);
    expectTrueBooks(world);
  });

  it("is compared with the log once, when that is written, though its receipts are final", async () => {
    const world = await World.create(oneCall);
    await world.life.start(world.start);
    await world.quiet();
    expect(billingIn(world)).toEqual({ reconciling: 0, charged: 150 });
    expect(world.alarm).toBe(world.now + 2 * minute);
    const { readPage } = world.spendLog;
    let looks = 0;
    world.spendLog.readPage = (...query) => {
      looks += 1;
      return readPage(...query);
    };
    await world.elapse(2 * minute);
    expect(looks).toBe(1);
    expect(world.alarm).toBeGreaterThan(retentionMs);
  });

  it("waits for a gateway that is down, by itself for an hour, and then for the cron", async () => {
    const { world, account } = await stopped({ isDown: true });
    const endedAt = world.now;
    const looks: (number | null)[] = [];
    for (let look = 0; look < 5; look += 1) {
      looks.push(world.alarm === null ? null : world.alarm - endedAt);
      await world.elapse((world.alarm ?? world.now) - world.now);
    }
    expect(looks).toEqual([0, 30_000, 2 * minute, 10 * minute, hour]);
    expect(world.alarm).toBeGreaterThan(retentionMs);
    expect(world.life.view(account)).toMatchObject({ billing: "reconciling", chargedCredits: 0 });

    world.spendLog.isDown = false;
    const env = { DB: world.d1.database } as unknown as Env;
    const tick = async (now: number) =>
      reconcileStragglers(env, {
        ...{ clock: { now: () => now }, log: world.log },
        runOf: () => world.life,
      });
    // Its own looks are not anticipated.
    await tick(endedAt + hour);
    expect(billingIn(world)).toMatchObject({ reconciling: 1 });
    world.now = endedAt + 3 * hour;
    await tick(world.now);
    expect(world.life.view(account)).toMatchObject({ billing: "settled", chargedCredits: 150 });
    expect(billingIn(world)).toEqual({ reconciling: 0, charged: 150 });
    expectTrueBooks(world);
  });

  it("is not given up because requests that were refused called its looks off", async () => {
    const { world, account } = await stopped();
    const { readPage } = world.spendLog;
    world.spendLog.readPage = async (query, page, signal) => {
      const wrong = { interruptId: "no such question", value: 1 };
      expect(await world.life.resume(account, wrong)).toMatchObject({ ok: false });
      return readPage(query, page, signal);
    };
    await world.elapse(0);
    expect(world.life.view(account)).toMatchObject({ billing: "settled", chargedCredits: 150 });
  });

  it("looks again after a look that was called off for a retry which D1 refused", async () => {
    const { world, account } = await stopped();
    const called = Promise.withResolvers<void>();
    const { readPage } = world.spendLog;
    world.spendLog.readPage = async (_query, _page, signal) => {
      called.resolve();
      await new Promise((resolve) => signal?.addEventListener("abort", resolve));
      return { kind: "unavailable", reason: "unreachable" };
    };
    void world.life.wake();
    await called.promise;
    world.spendLog.readPage = readPage;
    world.d1.all("UPDATE billing_accounts SET max_credits_per_day = 0");
    expect(await world.life.retry(account)).toMatchObject({ code: "insufficient_credits" });
    await world.elapse(0);
    expect(world.life.view(account)).toMatchObject({ billing: "settled", chargedCredits: 150 });
  });

  it.each(["its object dies", "D1 is away"])(
    "spends no more than there is in a retry, though %s before its journal knows of a correction",
    async (what) => {
      const call = { kind: "calls" as const, chunks: [1] };
      const world = await World.create({ steps: [call, call, call] });
      const { billingAccountId: accountId } = world.start.context;
      const clock = { now: () => 1 };
      const down = { reason: "correction", reference: "down" } as const;
      const credits = 550 - firstBalance;
      await addCredits({ db: world.d1.database, clock }, { accountId, credits, ...down });
      world.gateway.isHeld = true;
      await world.life.start(world.start);
      await world.quiet();
      world.life.cancel(accountId);
      world.gateway.release();
      await world.quiet();
      if (what === "its object dies") world.armed = { point: "reconcile.answered", passes: 1 };
      // What is charged, what it was posted with, the correction, and then the second reading of the receipts.
      else world.d1.faults.push("none", "none", "none", "before", "before", "before");
      await world.elapse(0);
      expect(billingIn(world)).toMatchObject({ charged: 150 });
      expect(world.life.view(accountId)).toMatchObject({ chargedCredits: 0 });
      await world.life.retry(accountId);
      await comeToRest(world);
      const [account] = world.d1.all<{ balance: number }>(
        "SELECT balance_credits AS balance FROM billing_accounts",
      );
      expect(account?.balance).toBeGreaterThanOrEqual(0);
    },
  );

  it("looks once, by itself, for a call that was refused: it may have been used after all", async () => {
    const world = await World.create({ steps: [{ kind: "fails" }] });
    const account = world.start.context.billingAccountId;
    await world.life.start(world.start);
    await world.quiet();
    const [call] = world.gateway.calls;
    if (call !== undefined) call.answered = true;
    await world.elapse(2 * minute);
    expect(world.life.view(account)).toMatchObject({ chargedCredits: 150 });
  });

  it("takes one look, not five at once, when its alarm comes late", async () => {
    const { world } = await stopped({ isDown: true });
    await world.elapse(15 * minute);
    expect(world.alarm).toBe(world.now + 45 * minute);
  });

  it("is let be when its gateway is another one by now", async () => {
    const { world, account } = await stopped({ isDown: true });
    const life = new RunLife({ ...world.deps(), reconciler: null });
    await life.reconcile();
    expect(billingIn(world)).toMatchObject({ reconciling: 0 });
    expect(life.view(account)).toMatchObject({ billing: "settled" });
  });

  it("is let be by the cron while it waits for a person, whatever D1 says", async () => {
    const world = await World.create({ steps: [{ kind: "calls", chunks: [1] }, { kind: "asks" }] });
    world.armed = { point: "call.dispatched", passes: 1 };
    void world.life.start(world.start);
    await world.quiet();
    await world.elapse(30_000);
    world.d1.all("UPDATE graph_runs SET reconciling = 1");
    expect(await world.life.reconcile()).toBe(true);
    expect(billingIn(world)).toMatchObject({ charged: 150 });
    const read = { finishedBefore: 1e15, first: "", after: "", limit: 5 };
    expect(await readUnreconciledRuns(world.d1.database, read)).toEqual([]);
  });

  it("is given up, with an alarm, when its gateway is down for a week", async () => {
    const { world, account } = await stopped({ isDown: true });
    world.now += 7 * 24 * hour;
    await world.life.reconcile();
    expect(world.life.view(account)).toMatchObject({ billing: "settled", books: { unknown: 1 } });
    expect(billingIn(world)).toMatchObject({ reconciling: 0 });
    expect(world.log.lines).toContainEqual(
      expect.objectContaining({ level: "error", event: "reconcile.given_up" }),
    );
  });

  it("does not look while it waits for a person: the same may be asked again", async () => {
    const world = await World.create({ steps: [{ kind: "calls", chunks: [1] }, { kind: "asks" }] });
    world.armed = { point: "call.dispatched", passes: 1 };
    void world.life.start(world.start);
    await world.quiet();
    await world.elapse(30_000);
    const account = world.start.context.billingAccountId;
    expect(world.life.view(account)).toMatchObject({
      status: "interrupted",
      books: { unknown: 1 },
    });
    expect(world.alarm).toBeNull();
    await world.life.resume(account, { interruptId: "ask-1.0", value: true });
    await comeToRest(world);
    expectTrueBooks(world);
  });

  it("goes on without waiting for a look, which then changes nothing of it", async () => {
    const { world, account } = await stopped();
    const asked = Promise.withResolvers<AbortSignal>();
    const { readPage } = world.spendLog;
    world.spendLog.readPage = async (_query, _page, signal) => {
      if (signal === undefined) throw new Error("a look can be called off");
      asked.resolve(signal);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return { kind: "unavailable", reason: "unreachable" };
    };
    void world.life.wake();
    const signal = await asked.promise;
    world.spendLog.readPage = readPage;
    expect(await world.life.retry(account)).toMatchObject({ ok: true });
    expect(signal.aborted).toBe(true);
    await comeToRest(world);
    expect(world.life.view(account)).toMatchObject({ status: "success", attempt: 1 });
    expectTrueBooks(world);
  });

  it("counts as void, an hour later, a call that was never sent", async () => {
    const world = await World.create(oneCall);
    const account = world.start.context.billingAccountId;
    world.armed = { point: "call.intent", passes: 1 };
    void world.life.start(world.start);
    await world.quiet();
    // Whoever looks at it sets it going again.
    world.life.view(account);
    await world.quiet();
    expect(world.life.view(account)).toMatchObject({
      ...{ status: "success", billing: "reconciling" },
      books: { dispatches: 2, settled: 1, unknown: 1, voided: 0 },
    });
    await comeToRest(world);
    expect(world.life.view(account)).toMatchObject({
      books: { dispatches: 2, settled: 1, unknown: 0, voided: 1, closed: true },
    });
    expectTrueBooks(world);
  });

  it("leaves the figures of a run alone that has gone on during the look", async () => {
    const { world } = await stopped();
    const { sql } = world.storage;
    const calls = () => sql.exec("SELECT * FROM calls").toArray();
    const { reconciler, ...deps } = world.deps();
    const { readPage } = world.spendLog;
    const state = new RunState(world.storage);
    world.spendLog.readPage = async (...query) => {
      state.update({ phase: "reopening", rev: state.present.rev + 1 });
      return readPage(...query);
    };
    const before = calls();
    await lookAtLog(openRun({ ...deps, reconciler }, state), new AbortController().signal);
    expect(calls()).toEqual(before);
    expect(billingIn(world)).toMatchObject({ reconciling: 1 });
  });

  it("takes in a call that counted as void and was used after all", async () => {
    const world = await World.create({ steps: [{ kind: "fails" }] });
    const account = world.start.context.billingAccountId;
    await world.life.start(world.start);
    await world.quiet();
    expect(world.life.view(account)).toMatchObject({ status: "error", books: { voided: 1 } });
    const [call] = world.gateway.calls;
    if (call !== undefined) call.answered = true;
    await world.life.reconcile();
    expect(world.life.view(account)).toMatchObject({
      ...{ chargedCredits: 150, books: { dispatches: 1, settled: 1, voided: 0 } },
    });
    expect(world.life.calls(account)).toMatchObject([{ receiptId: expect.any(String) }]);
    await world.elapse(2 * minute);
    expect(billingIn(world)).toEqual({ reconciling: 0, charged: 150 });
  });

  it("takes in a call that no journal knows of", async () => {
    const world = await World.create(oneCall);
    const account = world.start.context.billingAccountId;
    await world.life.start(world.start);
    await world.quiet();
    const endUser = `${world.start.context.runId}/0`;
    world.gateway.receive({ callId: "", dispatchId: "stranger", endUser }).answered = true;
    await world.elapse(2 * minute);
    expect(world.life.view(account)).toMatchObject({
      ...{ chargedCredits: 300, books: { dispatches: 2, settled: 2, closed: true } },
    });
    expect(world.d1.all("SELECT json_extract(books, '$.dispatches') AS n FROM graph_runs")).toEqual(
      [{ n: 2 }],
    );
    const [, found] = world.life.calls(account) ?? [];
    expect(found).toMatchObject({ nodeKey: "", receiptId: expect.any(String) });
  });
});
