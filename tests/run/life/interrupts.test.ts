import { describe, expect, it } from "vitest";
import { decideResume } from "../../../src/run/life/go-on.ts";
import { RunState } from "../../../src/run/run-state.ts";
import { comeToRest } from "../../faults/in-process/come-to-rest.ts";
import { expectTrueBooks, expectTrueLog } from "../../faults/in-process/oracle.ts";
import { World } from "../../faults/in-process/world.ts";

const asking = {
  steps: [
    { kind: "calls" as const, chunks: [1] },
    { kind: "asks" as const },
    { kind: "calls" as const, chunks: [1] },
  ],
};

async function waiting(): Promise<{ world: World; account: string }> {
  const world = await World.create(asking);
  await world.life.start(world.start);
  await world.quiet();
  return { world, account: world.start.context.billingAccountId };
}

function account(world: World): { held: number; active: number } | undefined {
  return world.d1.all<{ held: number; active: number }>(
    "SELECT held_credits AS held, active_runs AS active FROM billing_accounts",
  )[0];
}

const question = { interruptId: "ask-1.0", value: "Go on?" };
const answer = { interruptId: "ask-1.0", value: { approved: true } };

describe("a run that asks a person", () => {
  it("waits without holding credit, with all it used billed", async () => {
    const { world, account: own } = await waiting();
    expect(world.life.view(own)).toMatchObject({
      status: "interrupted",
      interrupts: [question],
      heldCredits: 0,
      finishedAt: null,
      billing: "open",
    });
    expect(account(world)).toEqual({ held: 0, active: 0 });
    expect(world.d1.all("SELECT status FROM graph_runs")).toEqual([{ status: "interrupted" }]);
    expect(world.d1.all("SELECT id FROM charge_receipts")).toHaveLength(1);
    expect(world.alarm).toBeNull();
  });

  it("goes on with the answer, under the same attempt, and repeats no call", async () => {
    const { world, account: own } = await waiting();
    // The whole process was restarted meanwhile.
    world.kill();
    expect(await world.life.resume(own, answer)).toMatchObject({
      ok: true,
      repeated: false,
      run: { status: "running", attempt: 0, interrupts: [] },
    });
    await comeToRest(world);
    expect(world.life.view(own)).toMatchObject({ status: "success", attempt: 0 });
    expect(world.gateway.calls).toHaveLength(3);
    expectTrueBooks(world);
    expectTrueLog(world);
  });

  it("takes the id from the only question when none is given", async () => {
    const { world, account: own } = await waiting();
    expect(await world.life.resume(own, { interruptId: null, value: 1 })).toMatchObject({
      ok: true,
    });
  });

  it("acknowledges the same answer again, whatever the run does by then, and refuses another", async () => {
    const { world, account: own } = await waiting();
    await world.life.resume(own, answer);
    const repeated = { ok: true, repeated: true };
    expect(await world.life.resume(own, answer)).toMatchObject(repeated);
    await comeToRest(world);
    expect(await world.life.resume(own, answer)).toMatchObject(repeated);
    expect(await world.life.resume(own, { ...answer, value: false })).toMatchObject({
      ok: false,
      code: "conflict",
    });
    expect(world.gateway.calls).toHaveLength(3);
  });

  it("refuses answers to what nobody asked", async () => {
    const { world, account: own } = await waiting();
    expect(await world.life.resume(own, { interruptId: "other.0", value: 1 })).toMatchObject({
      ok: false,
      code: "conflict",
    });
    expect(await world.life.resume("acct_other", answer)).toBeNull();
  });

  it("takes no answer any more once its stop was accepted", async () => {
    const { world } = await waiting();
    const state = new RunState(world.storage);
    expect(decideResume(state.present, { find: () => null }, answer)).toMatchObject({
      kind: "reopen",
    });
    state.update({ isCancelRequested: true });
    expect(decideResume(state.present, { find: () => null }, answer)).toMatchObject({
      ...{ kind: "refused", code: "conflict" },
    });
  });

  it("is ended by a stop, while it waits or just before D1 knows that it waits", async () => {
    const { world, account: own } = await waiting();
    expect(world.life.cancel(own)).toMatchObject({ accepted: true });
    await comeToRest(world);
    expect(world.life.view(own)).toMatchObject({ status: "cancelled", interrupts: [] });
    expectTrueBooks(world);

    const early = await World.create(asking);
    early.d1.faults.push("none", "before", "before", "before", "before", "before", "before");
    await early.life.start(early.start);
    await early.quiet();
    const owner = early.start.context.billingAccountId;
    expect(early.life.view(owner)).toMatchObject({ status: "interrupted" });
    expect(early.life.cancel(owner)).toMatchObject({ accepted: true });
    await comeToRest(early);
    expect(early.life.view(owner)).toMatchObject({ status: "cancelled" });
    expectTrueBooks(early);
  });

  it("keeps its question when there is no credit to go on with", async () => {
    const { world, account: own } = await waiting();
    world.d1.sqlite.exec("UPDATE billing_accounts SET held_credits = balance_credits");
    expect(await world.life.resume(own, answer)).toMatchObject({
      ok: false,
      code: "insufficient_credits",
    });
    expect(world.life.view(own)).toMatchObject({ status: "interrupted", interrupts: [question] });
    world.d1.sqlite.exec("UPDATE billing_accounts SET held_credits = 0");
    expect(await world.life.resume(own, answer)).toMatchObject({ ok: true, repeated: false });
    await comeToRest(world);
    expect(world.life.view(own)).toMatchObject({ status: "success" });
  });
});

describe("a run that was about to go on and lost its alarm", () => {
  it.each(["view", "calls", "resume"] as const)("goes on at any request: %s", async (door) => {
    const world = await World.create({ steps: [{ kind: "asks" }] });
    const account = world.start.context.billingAccountId;
    await world.life.start(world.start);
    await world.quiet();
    const answer = { interruptId: "ask-0.0", value: true };
    world.d1.faults.push("before", "before", "before");
    expect(await world.life.resume(account, answer)).toMatchObject({
      code: "provider_unavailable",
    });
    world.kill();
    world.alarm = null;
    if (door === "resume") await world.life.resume(account, answer);
    else world.life[door](account);
    await world.quiet();
    expect(world.life.view(account)).toMatchObject({ status: "success" });
  });
});

describe("a run that is stopped while it waits for a person", () => {
  it("has an alarm before D1 is told, so that a death on the way leaves no thread blocked", async () => {
    const world = await World.create({ steps: [{ kind: "asks" }] });
    await world.life.start(world.start);
    await world.quiet();
    expect(world.alarm).toBeNull();
    // D1 does not answer, and the process ends meanwhile.
    world.d1.faults.push("before", "before", "before");
    world.life.cancel(world.start.context.billingAccountId);
    world.kill();
    // Nobody looks at it again: only time passes.
    for (let minute = 0; minute < 30; minute += 1) await world.elapse(60_000);
    expect(world.d1.all("SELECT status FROM graph_runs")).toEqual([{ status: "cancelled" }]);
  });
});

const onlyAsking = { steps: [{ kind: "asks" as const }] };

describe("a stop that came before D1 knew that the run waits", () => {
  it("is not forgotten when the object dies after D1 has been told of the question", async () => {
    const world = await World.create(onlyAsking);
    const account = world.start.context.billingAccountId;
    world.d1.faults.push("none", "before", "before", "before", "before", "before", "before");
    await world.life.start(world.start);
    await world.quiet();
    expect(world.life.view(account)).toMatchObject({ status: "interrupted" });
    expect(world.life.cancel(account)).toMatchObject({ accepted: true });
    world.armed = { point: "finish.noted", passes: 1 };
    await world.elapse(60_000);
    expect(world.crashes).toBe(1);
    for (let minute = 0; minute < 5; minute += 1) {
      world.life.view(account);
      await world.life.wake();
      await world.elapse(60_000);
    }
    expect(world.life.view(account)).toMatchObject({ status: "cancelled" });
    await comeToRest(world);
  });
});
