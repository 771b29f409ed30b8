import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crashPoints } from "../../../src/run/crash-points.ts";
import type { Step } from "./script.ts";
import { World } from "./world.ts";

type Act =
  | { kind: "cancel" | "answer" | "retry" | "hold" | "release" | "kill" | "replace" | "wake" }
  | { kind: "crash"; point: (typeof crashPoints)[number]; pass: number }
  | { kind: "d1"; faults: ("before" | "after")[] }
  | { kind: "elapse"; ms: number };

const step = fc.constantFrom<Step>(
  { kind: "calls", chunks: [2] },
  { kind: "calls", chunks: [1, 3] },
  { kind: "tool" },
  { kind: "asks" },
  { kind: "asks" },
  { kind: "fails" },
);
const act = fc.oneof(
  fc.record({ kind: fc.constantFrom("cancel", "answer", "answer", "retry", "hold", "release") }),
  fc.record({ kind: fc.constantFrom("kill", "replace", "wake") }),
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

/** The platform ends an instance that gave itself up. */
function bury(world: World): void {
  if (world.instance?.isAbandoned === true) world.instance = null;
}

/** Time passes. An alarm is delivered at least once: one whose handler was killed comes again. */
async function pass(world: World, ms: number): Promise<void> {
  const isDue = world.alarm !== null && world.alarm <= world.now + ms;
  const { crashes } = world;
  await world.elapse(ms);
  if (isDue && world.crashes > crashes && world.alarm === null) world.alarm = world.now;
}

async function perform(world: World, each: Act): Promise<void> {
  bury(world);
  const account = world.start.context.billingAccountId;
  switch (each.kind) {
    case "cancel":
      world.life.cancel(account);
      break;
    case "answer":
      world.life.resume(account, { interruptId: null, value: true }).catch(() => {});
      break;
    case "retry":
      world.life.retry(account).catch(() => {});
      break;
    case "hold":
      world.gateway.isHeld = true;
      break;
    case "release":
      world.gateway.release();
      break;
    case "wake":
      void world.life.wake();
      break;
    case "kill":
      if (world.crashes < 5) world.kill();
      break;
    case "replace":
      // An instance that is born before the run is written never hears of it.
      if (world.crashes >= 5 || world.storage.isEmpty()) break;
      // A second look at an admission comes after a minute, when no batch of it can be on its way any more.
      if (
        world.storage.sql.exec("SELECT 1 FROM run WHERE phase = 'admitting'").toArray().length > 0
      )
        break;
      world.crashes += 1;
      world.instance = world.bear();
      void world.life.wake();
      break;
    case "crash":
      if (world.crashes < 5) world.armed = { point: each.point, passes: each.pass };
      break;
    case "d1":
      world.d1.faults.push(...each.faults);
      break;
    case "elapse":
      await pass(world, each.ms);
  }
}

const settlingFails: Act[] = [
  { kind: "elapse", ms: 1 },
  { kind: "d1", faults: ["before"] },
  { kind: "cancel" },
  { kind: "d1", faults: ["before", "before"] },
  { kind: "cancel" },
  { kind: "cancel" },
  { kind: "cancel" },
];

describe("a run that nobody looks at any more", () => {
  it("comes to rest by its alarms and the tick alone, and D1 says of it what it is", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 3 }),
        fc.array(act, { maxLength: 14 }),
        fc.integer({ min: 0, max: 40 }),
        async (steps, acts, turns) => {
          const world = await World.create({ steps });
          world.life.start(world.start).catch(() => {});
          for (const each of acts) {
            await perform(world, each).catch(() => {});
            for (let turn = 0; turn < turns % 7; turn += 1)
              await new Promise((done) => setImmediate(done));
          }
          world.armed = null;
          world.d1.faults.length = 0;
          world.gateway.release();
          for (let round = 0; round < 25; round += 1) {
            bury(world);
            await pass(world, 300_000);
            bury(world);
            const open = world.d1.all("SELECT id FROM graph_runs WHERE lease_open = 1");
            if (open.length > 0) void world.life.wake();
            await world.quiet();
          }
          const rows = world.d1.all<{ status: string; lease_open: number; attempt: number }>(
            "SELECT status, attempt, lease_open FROM graph_runs",
          );
          const account = world.d1.all(
            "SELECT held_credits AS held, active_runs AS active FROM billing_accounts",
          );
          expect(account).toEqual([{ held: 0, active: 0 }]);
          if (world.storage.isEmpty()) {
            expect(rows).toEqual([]);
            return;
          }
          const [row] = world.storage.sql
            .exec<{ phase: string; status: string; attempt: number; cancel: number }>(
              "SELECT phase, status, attempt, is_cancel_requested AS cancel FROM run",
            )
            .toArray();
          expect(row?.phase).toBe("settled");
          expect(rows[0]).toEqual({ status: row?.status, attempt: row?.attempt, lease_open: 0 });
          if (row?.status === "interrupted") expect(row.cancel).toBe(0);
          const waiting = world.storage.sql
            .exec("SELECT outbox_key FROM outbox WHERE state <> 'committed'")
            .toArray();
          expect(waiting).toEqual([]);
        },
      ),
      {
        numRuns: Number(process.env["FAULT_HISTORIES"] ?? 60),
        // The alarm after a settling that failed came before that had ended.
        examples: [[[{ kind: "asks" }], settlingFails, 0]],
      },
    );
  }, 400_000);
});
