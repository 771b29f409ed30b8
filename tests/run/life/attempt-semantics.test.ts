import { describe, expect, it } from "vitest";
import { reopenRun } from "../../../src/billing/reopen.ts";
import { comeToRest } from "../../faults/in-process/come-to-rest.ts";
import { expectTrueBooks, expectTrueLog } from "../../faults/in-process/oracle.ts";
import { type Step } from "../../faults/in-process/script.ts";
import { World } from "../../faults/in-process/world.ts";

const failing: Step[] = [
  { kind: "calls", chunks: [1] },
  { kind: "calls", chunks: [1, 1] },
  { kind: "fails" },
];

async function ended(steps: Step[]): Promise<{ world: World; account: string }> {
  const world = await World.create({ steps });
  void world.life.start(world.start);
  await comeToRest(world);
  return { world, account: world.start.context.billingAccountId };
}

function receipts(world: World): { attempt: number; usage_unit_id: string }[] {
  return world.d1.all("SELECT attempt, usage_unit_id FROM charge_receipts ORDER BY usage_unit_id");
}

describe("another attempt", () => {
  it("counts up, keeps earlier receipts and charges only what is new", async () => {
    const { world, account } = await ended(failing);
    expect(world.life.view(account)).toMatchObject({ status: "error", attempt: 0 });
    const before = receipts(world);
    expect(before.map(({ attempt }) => attempt)).toEqual([0, 0, 0]);
    expect(await world.life.retry(account)).toMatchObject({
      ok: true,
      run: { status: "running", attempt: 1, errorCode: null, finishedAt: null },
    });
    await comeToRest(world);
    expect(world.life.view(account)).toMatchObject({
      status: "success",
      attempt: 1,
      books: { dispatches: 6, settled: 5, voided: 1, closed: true },
    });
    const after = receipts(world);
    expect(after.slice(0, 3)).toEqual(before);
    expect(after.slice(3).map(({ attempt }) => attempt)).toEqual([1, 1]);
    expectTrueBooks(world);
    expectTrueLog(world);
  });

  it("begins with run_started in the same log, whose numbers go on", async () => {
    const { world, account } = await ended(failing);
    const before = world.life.view(account)?.lastSeq ?? 0;
    await world.life.retry(account);
    const [next] = world.storage.sql
      .exec<{ event: string }>("SELECT event FROM events WHERE seq = ?", before + 1)
      .toArray();
    expect(JSON.parse(next?.event ?? "")).toMatchObject({ type: "run_started", attempt: 1 });
  });

  it("goes on from a stop, and takes back the text that had been cut off", async () => {
    const world = await World.create({ steps: [{ kind: "calls", chunks: [3] }] });
    const account = world.start.context.billingAccountId;
    world.gateway.isHeld = true;
    await world.life.start(world.start);
    await world.quiet();
    world.life.cancel(account);
    await world.quiet();
    expect(world.life.view(account)).toMatchObject({ status: "cancelled" });
    world.gateway.release();
    expect(await world.life.retry(account)).toMatchObject({ ok: true });
    await comeToRest(world);
    expect(world.life.view(account)).toMatchObject({ status: "success", attempt: 1 });
    expectTrueBooks(world);
    expectTrueLog(world);
  });

  it("has its own limit of calls", async () => {
    const world = await World.create(
      { steps: failing },
      { limits: { maxCalls: 4, maxCredits: 100_000, maxWallSeconds: 900, maxSteps: 50 } },
    );
    const account = world.start.context.billingAccountId;
    void world.life.start(world.start);
    await comeToRest(world);
    await world.life.retry(account);
    await comeToRest(world);
    expect(world.life.view(account)).toMatchObject({ status: "success" });
  });

  it("is refused to a run that ended well, or that goes on", async () => {
    const { world, account } = await ended([]);
    expect(await world.life.retry(account)).toMatchObject({ ok: false, code: "conflict" });
    const running = await World.create({ steps: [] });
    running.gateway.isHeld = true;
    await running.life.start(running.start);
    const own = running.start.context.billingAccountId;
    expect(await running.life.retry(own)).toMatchObject({ ok: false, code: "conflict" });
    expect(await running.life.retry("acct_other")).toBeNull();
  });

  it("leaves the run as it was when there is no credit for it", async () => {
    const { world, account } = await ended(failing);
    const before = world.life.view(account);
    world.d1.sqlite.exec("UPDATE billing_accounts SET held_credits = balance_credits");
    expect(await world.life.retry(account)).toMatchObject({
      ok: false,
      code: "insufficient_credits",
    });
    expect(world.life.view(account)).toEqual(before);
    world.d1.sqlite.exec("UPDATE billing_accounts SET held_credits = 0");
    expect(await world.life.retry(account)).toMatchObject({ ok: true, run: { attempt: 1 } });
    await comeToRest(world);
    expect(world.life.view(account)).toMatchObject({ status: "success", attempt: 1 });
  });

  it("is asked for once, however often the request is repeated", async () => {
    const { world, account } = await ended(failing);
    const outcomes = await Promise.all([world.life.retry(account), world.life.retry(account)]);
    expect(outcomes.map((outcome) => outcome?.ok)).toEqual([true, false]);
    await comeToRest(world);
    expect(world.life.view(account)).toMatchObject({ attempt: 1 });
  });

  it("goes on by itself when D1 could not be reached to let it in again", async () => {
    const { world, account } = await ended(failing);
    world.d1.faults.push("before", "before", "before");
    expect(await world.life.retry(account)).toMatchObject({
      ok: false,
      code: "provider_unavailable",
    });
    await world.elapse(60_000);
    await comeToRest(world);
    expect(world.life.view(account)).toMatchObject({ status: "success", attempt: 1 });
    expectTrueBooks(world);
  });
});

describe("a reopening that D1 commits after it was refused to its repeat", () => {
  it("leaves no hold and no active run behind", async () => {
    const world = await World.create({ steps: [{ kind: "fails" }] });
    const account = world.start.context.billingAccountId;
    void world.life.start(world.start);
    await comeToRest(world);
    // The first batch gets no answer (it is still on its way); meanwhile the credit is somebody else's.
    world.d1.sqlite.exec("UPDATE billing_accounts SET held_credits = balance_credits");
    world.d1.faults.push("before");
    expect(await world.life.retry(account)).toMatchObject({ code: "insufficient_credits" });
    await world.elapse(2_000);
    expect(world.life.view(account)).toMatchObject({ status: "error", billing: "settled" });
    // Two seconds later, well within a batch's 30, it arrives, and the credit is free again.
    world.d1.sqlite.exec("UPDATE billing_accounts SET held_credits = 0");
    const [{ rev } = { rev: 0 }] = world.storage.sql
      .exec<{ rev: number }>("SELECT rev FROM run")
      .toArray();
    await reopenRun(world.d1.database, {
      runId: world.start.context.runId,
      rev,
      attempt: 1,
      holdCredits: 400,
    });
    for (let minute = 0; minute < 10; minute += 1) {
      // What the cron tick does with a run that D1 takes for open.
      await world.life.wake();
      await world.elapse(60_000);
    }
    expect(
      world.d1.all("SELECT held_credits AS held, active_runs AS active FROM billing_accounts"),
    ).toEqual([{ held: 0, active: 0 }]);
    expect(await world.life.retry(account)).toMatchObject({ ok: true });
  });
});
