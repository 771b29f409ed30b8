import { describe, expect, it } from "vitest";
import { World } from "../faults/in-process/world.ts";

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
