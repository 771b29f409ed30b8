import { describe, expect, it } from "vitest";
import { type RunEvent } from "../../../src/ports/ai-event.ts";
import { recoveriesMax } from "../../../src/run/run-errors.ts";
import { comeToRest } from "../../faults/in-process/come-to-rest.ts";
import { expectTrueBooks, expectTrueLog } from "../../faults/in-process/oracle.ts";
import { World } from "../../faults/in-process/world.ts";

const twoCalls = { steps: [{ kind: "calls" as const, chunks: [2] }] };

/** A run that waits for the last piece of its first call's answer. */
async function inMidCall(): Promise<{ world: World; account: string }> {
  const world = await World.create(twoCalls);
  world.gateway.isHeld = true;
  await world.life.start(world.start);
  await world.quiet();
  return { world, account: world.start.context.billingAccountId };
}

function typesOf(world: World): string[] {
  return world.storage.sql
    .exec<{ event: string }>("SELECT event FROM events ORDER BY seq")
    .toArray()
    .map(({ event }) => (JSON.parse(event) as RunEvent).type);
}

describe("a run whose driver is gone", () => {
  it("is taken over by its alarm: the open call gets its unknown receipt before it is asked again", async () => {
    const { world, account } = await inMidCall();
    world.kill();
    await world.elapse(30_000);
    const states = world.life.calls(account)?.map(({ state, dispatch }) => [state, dispatch]);
    expect(states).toEqual([
      ["interrupted", 1],
      ["dispatched", 2],
    ]);
    expect(world.life.view(account)).toMatchObject({
      status: "running",
      books: { dispatches: 2, unknown: 1, open: 1 },
    });
    await comeToRest(world);
    expect(world.life.view(account)).toMatchObject({ status: "success", attempt: 0 });
    expectTrueBooks(world);
  });

  it.each(["view", "calls", "start"] as const)("is taken over by any request: %s", async (door) => {
    const { world, account } = await inMidCall();
    world.kill();
    world.alarm = null;
    if (door === "start") await world.life.start(world.start);
    else world.life[door](account);
    world.gateway.release();
    await world.quiet();
    expect(world.life.view(account)).toMatchObject({ status: "success", books: { open: 0 } });
  });

  it("tells viewers that it recovers, and takes back the text that will be said again", async () => {
    const { world } = await inMidCall();
    world.kill();
    await comeToRest(world);
    const types = typesOf(world);
    expect(types.filter((type) => type === "text_reset")).toHaveLength(1);
    expect(types.indexOf("text_reset")).toBe(types.indexOf("status") + 1);
    expectTrueLog(world);
  });

  it("keeps the text of settled calls", async () => {
    const world = await World.create({ steps: [{ kind: "calls", chunks: [2] }, { kind: "tool" }] });
    world.armed = { point: "call.settled", passes: 1 };
    void world.life.start(world.start);
    await comeToRest(world);
    expect(typesOf(world)).not.toContain("text_reset");
    expect(world.gateway.calls).toHaveLength(2);
  });

  it("is ended when a person has stopped it", async () => {
    const { world, account } = await inMidCall();
    world.life.cancel(account);
    world.kill();
    await comeToRest(world);
    expect(world.life.view(account)).toMatchObject({ status: "cancelled", errorCode: "aborted" });
    expect(world.gateway.calls).toHaveLength(1);
    expectTrueBooks(world);
  });

  it(`is given up after ${recoveriesMax} recoveries without a newly settled call`, async () => {
    const { world, account } = await inMidCall();
    for (let death = 0; death <= recoveriesMax; death += 1) {
      expect(world.life.view(account)).toMatchObject({ status: "running" });
      world.kill();
      await world.elapse(30_000);
    }
    await comeToRest(world);
    expect(world.life.view(account)).toMatchObject({ status: "error", errorCode: "internal" });
    expect(world.gateway.calls).toHaveLength(recoveriesMax + 1);
    expectTrueBooks(world);
  });

  it("counts recoveries anew when a call was settled in between", async () => {
    const steps = Array.from({ length: 12 }, () => ({ kind: "calls" as const, chunks: [1] }));
    const world = await World.create({ steps });
    world.armed = { point: "call.settled", passes: 1 };
    void world.life.start(world.start);
    await world.quiet();
    for (let death = 1; death < 10; death += 1) {
      world.armed = { point: "call.settled", passes: 1 };
      await world.elapse(30_000);
    }
    await comeToRest(world);
    const account = world.start.context.billingAccountId;
    expect(world.life.view(account)).toMatchObject({ status: "success" });
    expect(world.crashes).toBeGreaterThan(recoveriesMax);
    expect(world.gateway.calls).toHaveLength(13);
  });
});

describe("a stale instance", () => {
  it("dispatches, settles and says nothing any more once another has taken over", async () => {
    const { world, account } = await inMidCall();
    const stale = world.instance;
    world.instance = world.bear();
    await world.life.wake();
    await world.quiet();
    const before = typesOf(world);
    const [first] = world.life.calls(account) ?? [];
    expect(first).toMatchObject({ state: "interrupted" });
    world.gateway.release();
    await world.quiet();
    await comeToRest(world);
    expect(stale?.isDead).toBe(false);
    expect(world.life.calls(account)?.[0]).toEqual(first);
    expect(typesOf(world).slice(0, before.length)).toEqual(before);
    expect(world.gateway.calls).toHaveLength(3);
    expectTrueBooks(world);
    expectTrueLog(world);
  });

  it("cannot change the run's row, and gives itself up as soon as it sees why", async () => {
    const { world, account } = await inMidCall();
    const stale = world.instance!;
    world.instance = world.bear();
    await world.life.wake();
    expect(() => stale.life.cancel(account)).toThrow("another instance");
    expect(stale.isAbandoned).toBe(false);
    world.gateway.release();
    await world.quiet();
    expect(stale.isAbandoned).toBe(true);
    await stale.life.wake();
    stale.life.view(account);
    await comeToRest(world);
    expect(world.life.view(account)).toMatchObject({ status: "success" });
    expect(world.gateway.calls).toHaveLength(3);
  });
});

describe("a stale instance whose admission is answered late", () => {
  it("does not empty the storage of the run that its successor drives", async () => {
    const world = await World.create({ steps: [{ kind: "calls", chunks: [2] }] });
    const account = world.start.context.billingAccountId;
    world.d1.sqlite.exec("UPDATE billing_accounts SET held_credits = balance_credits");
    // D1 refuses the first admission; its answer takes its time.
    const gate = Promise.withResolvers<void>();
    const plain = world.d1.database;
    Object.defineProperty(world.d1, "database", {
      configurable: true,
      value: {
        prepare: (sql: string) => plain.prepare(sql),
        batch: async (statements: D1PreparedStatement[]) => {
          const results = await plain.batch(statements);
          await gate.promise;
          return results;
        },
      },
    });
    const stale = world.bear();
    const refused = stale.life.start(world.start);
    await world.quiet();
    Object.defineProperty(world.d1, "database", { configurable: true, value: plain });
    world.d1.sqlite.exec("UPDATE billing_accounts SET held_credits = 0");
    world.gateway.isHeld = true;
    expect(await world.life.start(world.start)).toMatchObject({ ok: true });
    await world.quiet();
    gate.resolve();
    await refused;
    expect(world.isEmptied).toBe(false);
    expect(world.storage.isEmpty()).toBe(false);
    world.gateway.release();
    await world.quiet();
    expect(world.life.view(account)).toMatchObject({ status: "success" });
  });
});

describe("a run whose time was up while nobody drove it", () => {
  it("is ended as timed out at its recovery, and dispatches nothing any more", async () => {
    const world = await World.create({ steps: [{ kind: "calls", chunks: [2] }] });
    const account = world.start.context.billingAccountId;
    world.gateway.isHeld = true;
    await world.life.start(world.start);
    await world.quiet();
    world.kill();
    await world.elapse((world.start.limits.maxWallSeconds + 60) * 1_000);
    await world.quiet();
    expect(world.gateway.calls).toHaveLength(1);
    expect(world.life.view(account)).toMatchObject({ status: "error", errorCode: "timeout" });
  });
});
