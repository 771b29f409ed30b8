import { describe, expect, it } from "vitest";
import { comeToRest } from "../faults/in-process/come-to-rest.ts";
import { World } from "../faults/in-process/world.ts";

describe("a run that was let in to a thread with a history, and never started", () => {
  it("is tried again with the whole conversation", async () => {
    const world = await World.create(
      { steps: [] },
      { messages: [{ role: "user", content: "And now?" }] },
    );
    // An earlier conversation of the same account in the same thread.
    world.d1.all(
      "INSERT INTO threads (id, billing_account_id, title, created_at, updated_at, trigger) VALUES (?, ?, 't', 1, 1, 'chat')",
      world.start.threadId,
      world.start.context.billingAccountId,
    );
    world.d1.all(
      "INSERT INTO messages (thread_id, created_at, id, run_id, role, content) VALUES (?, 1, 'msg_0', 'run_0', 'user', 'Before')",
      world.start.threadId,
    );
    world.start = { ...world.start, isNewThread: false };
    world.armed = { point: "admission.answered", passes: 1 };
    world.life.start(world.start).catch(() => {});
    await world.quiet();
    await world.elapse(60_000);
    await world.elapse(60_000);
    const account = world.start.context.billingAccountId;
    expect(world.life.view(account)).toMatchObject({ status: "error", billing: "settled" });
    expect(await world.life.retry(account)).toMatchObject({ ok: true });
    const [row] = world.storage.sql.exec<{ history: string }>("SELECT history FROM run").toArray();
    expect(JSON.parse(row?.history ?? "")).toEqual([
      { role: "user", content: "Before" },
      { role: "user", content: "And now?" },
    ]);
    await comeToRest(world);
  });
});
