import { describe, expect, it } from "vitest";
import { World } from "../faults/in-process/world.ts";

describe("a run that was let in and never started", () => {
  it("is tried again with the messages that it was asked with", async () => {
    const world = await World.create({ steps: [] });
    const account = world.start.context.billingAccountId;
    world.armed = { point: "admission.answered", passes: 1 };
    world.life.start(world.start).catch(() => {});
    await world.quiet();
    await world.elapse(60_000);
    await world.elapse(60_000);
    expect(world.life.view(account)).toMatchObject({ status: "error", billing: "settled" });
    expect(await world.life.retry(account)).toMatchObject({ ok: true });
    // `GraphRunRequest.messages` is the row's history.
    const [row] = world.storage.sql.exec<{ history: string }>("SELECT history FROM run").toArray();
    expect(JSON.parse(row?.history ?? "")).toEqual(world.start.messages);
  });
});
