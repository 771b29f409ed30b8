import { describe, expect, it } from "vitest";
import { comeToRest } from "../faults/in-process/come-to-rest.ts";
import { World } from "../faults/in-process/world.ts";

const asking = { steps: [{ kind: "asks" as const }] };

describe("a stop that came before D1 knew that the run waits", () => {
  it("is not forgotten when the object dies after D1 has been told of the question", async () => {
    const world = await World.create(asking);
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
