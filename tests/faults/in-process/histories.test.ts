import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crashPoints } from "../../../src/run/crash-points.ts";
import { comeToRest } from "./come-to-rest.ts";
import { expectTrueBooks, expectTrueLog } from "./oracle.ts";
import type { Step } from "./script.ts";
import { World } from "./world.ts";

type Act =
  | {
      kind: "start" | "look" | "wake" | "cancel" | "answer" | "retry" | "hold" | "release" | "kill";
    }
  /** Another instance takes over, and the old one does not know it. */
  | { kind: "replace" }
  /** The gateway's own log cannot be read for a while. */
  | { kind: "log down" | "log up" }
  | { kind: "log lags"; lagging: number }
  | { kind: "crash"; point: (typeof crashPoints)[number]; pass: number }
  | { kind: "d1"; faults: ("before" | "after")[] }
  | { kind: "elapse"; ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("calls" as const),
    chunks: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constantFrom("tool" as const, "asks" as const, "fails" as const, "breaks" as const),
  }),
);

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("start", "look", "wake", "cancel", "answer", "answer", "retry"),
  }),
  fc.record({ kind: fc.constantFrom("hold", "release", "kill", "replace", "log down", "log up") }),
  fc.record({ kind: fc.constant("log lags" as const), lagging: fc.nat({ max: 2 ** 30 - 1 }) }),
  fc.record({
    kind: fc.constant("crash" as const),
    point: fc.constantFrom(...crashPoints),
    pass: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    kind: fc.constant("d1" as const),
    faults: fc.array(fc.constantFrom("before" as const, "after" as const), { maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant("elapse" as const), ms: fc.integer({ min: 1, max: 90_000 }) }),
) as fc.Arbitrary<Act>;

/** A run dies for good at its sixth death without progress: fewer never end one. */
const deathsMax = 5;

async function perform(world: World, each: Act): Promise<void> {
  const account = world.start.context.billingAccountId;
  const view = () => world.life.view(account);
  switch (each.kind) {
    case "start":
      world.life.start(world.start).catch(() => {});
      break;
    case "look":
      view();
      break;
    case "wake":
      void world.life.wake();
      void world.life.wake();
      break;
    case "cancel":
      world.life.cancel(account);
      break;
    case "answer": {
      const interruptId = view()?.interrupts[0]?.interruptId ?? null;
      world.life.resume(account, { interruptId, value: true }).catch(() => {});
      break;
    }
    case "retry":
      world.life.retry(account).catch(() => {});
      break;
    case "hold":
      world.gateway.isHeld = true;
      break;
    case "release":
      world.gateway.release();
      break;
    case "kill":
      if (world.crashes < deathsMax) world.kill();
      break;
    case "replace":
      if (world.crashes >= deathsMax) break;
      world.crashes += 1;
      world.instance = world.bear();
      void world.life.wake();
      break;
    case "log down":
      world.spendLog.isDown = true;
      break;
    case "log lags":
      world.spendLog.lagging = each.lagging;
      break;
    case "log up":
      world.spendLog.isDown = false;
      world.spendLog.lagging = 0;
      break;
    case "crash":
      if (world.crashes < deathsMax) world.armed = { point: each.point, passes: each.pass };
      break;
    case "d1":
      world.d1.faults.push(...each.faults);
      break;
    case "elapse":
      await world.elapse(each.ms);
  }
}

async function live(world: World, acts: readonly Act[]): Promise<void> {
  for (const each of acts) {
    // Acting on an instance at its very death is answered by nobody.
    await perform(world, each).catch(() => {});
    // Not always to the end of what goes on: acts meet runs at every stage.
    for (let turn = 0; turn < 3; turn += 1) await new Promise((done) => setImmediate(done));
  }
  world.armed = null;
  world.spendLog.isDown = false;
  world.spendLog.lagging = 0;
  world.d1.faults.length = 0;
  await comeToRest(world);
}

describe("a run, whatever happens to it,", () => {
  it("comes to rest, every call of the model has one receipt, and all viewers read one text", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 4 }),
        fc.array(act, { maxLength: 25 }),
        async (steps, acts) => {
          const world = await World.create({ steps });
          await live(world, [{ kind: "start" }, ...acts]);
          expectTrueBooks(world);
          expectTrueLog(world);
          const account = world.start.context.billingAccountId;
          const first = world.life.view(account);
          if (first?.status === "success") return;
          // Whatever ended it, another attempt goes through, and sends no settled call again.
          await world.life.retry(account);
          await comeToRest(world);
          expect(world.life.view(account)).toMatchObject({ status: "success" });
          expectTrueBooks(world);
          expectTrueLog(world);
        },
      ),
      { numRuns: Number(process.env["FAULT_HISTORIES"] ?? 60) },
    );
  }, 120_000);
});
