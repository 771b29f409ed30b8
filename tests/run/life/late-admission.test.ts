import { expect, it } from "vitest";
import { admitRun } from "../../../src/billing/admission.ts";
import type { Env } from "../../../src/env.ts";
import { wakeOpenRuns } from "../../../src/run/wake-open-runs.ts";
import { World } from "../../faults/in-process/world.ts";

const minute = 60_000;

/** A start that D1 took only after its object had looked, found nothing and forgotten it. */
async function lateAdmission() {
  const world = await World.create({ steps: [{ kind: "calls", chunks: [1] }] });
  const { start, d1 } = world;
  d1.faults.push("before", "before", "before");
  expect(await world.life.start(start)).toMatchObject({ ok: false, code: "provider_unavailable" });
  await world.elapse(minute);
  expect(world.storage.isEmpty()).toBe(true);
  const admit = { start, holdCredits: 400, now: world.now };
  expect(await admitRun(d1.database, admit)).toMatchObject({ kind: "admitted" });
  const tick = () =>
    wakeOpenRuns({ DB: d1.database } as unknown as Env, {
      clock: { now: () => world.now },
      log: world.log,
      runOf: () => world.life,
    });
  const account = () =>
    d1.all("SELECT held_credits AS held, active_runs AS active FROM billing_accounts")[0];
  return { world, tick, account };
}

it("an admission that comes when nobody has the run any more is ended, and its hold given back", async () => {
  const { world, tick, account } = await lateAdmission();
  await world.elapse(5 * minute);
  await tick();
  // Whoever started it may still be asking again.
  expect(account()).toEqual({ held: 400, active: 1 });
  await world.elapse(6 * minute);
  await tick();
  await tick();
  expect(account()).toEqual({ held: 0, active: 0 });
  expect(world.d1.all("SELECT status, error_code, lease_open FROM graph_runs")).toEqual([
    { status: "error", error_code: "internal", lease_open: 0 },
  ]);
});

it("the same request again after that is told to come with another key", async () => {
  const { world, tick } = await lateAdmission();
  await world.elapse(11 * minute);
  await tick();
  expect(await world.life.start(world.start)).toMatchObject({ ok: false, code: "conflict" });
  expect(world.storage.isEmpty()).toBe(true);
});

it("the same request again before that goes on with it", async () => {
  const { world, account } = await lateAdmission();
  expect(await world.life.start(world.start)).toMatchObject({ ok: true });
  await world.quiet();
  expect(world.life.view(world.start.context.billingAccountId)).toMatchObject({
    status: "success",
  });
  expect(account()).toEqual({ held: 0, active: 0 });
});
