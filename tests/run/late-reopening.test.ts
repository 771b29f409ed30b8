import { describe, expect, it } from "vitest";
import { comeToRest } from "../faults/in-process/come-to-rest.ts";
import { World } from "../faults/in-process/world.ts";
import { reopenRun } from "../../src/billing/reopen.ts";

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
