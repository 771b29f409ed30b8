import { describe, expect, it } from "vitest";
import { World } from "../faults/in-process/world.ts";

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
