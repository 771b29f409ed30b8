import { describe, expect, it } from "vitest";
import { World } from "../faults/in-process/world.ts";

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
