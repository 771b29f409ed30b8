import { describe, expect, it } from "vitest";
import { skipSlot } from "../../../src/billing/admission.ts";
import { World } from "../../faults/in-process/world.ts";

describe("a slot that was skipped after an admission without an answer", () => {
  it("is forgotten by its object, which is not woken for ever", async () => {
    const world = await World.create(
      { steps: [] },
      { scheduleId: "sch_1", scheduledFor: "2026-01-01T00:00:00.000Z" },
    );
    world.d1.sqlite.exec("UPDATE billing_accounts SET held_credits = balance_credits");
    world.d1.faults.push("before");
    const outcome = await world.life.start(world.start);
    expect(outcome).toMatchObject({ ok: false, code: "insufficient_credits" });
    // What the tick does with this refusal.
    await skipSlot(world.d1.database, {
      start: world.start,
      errorCode: "insufficient_credits",
      errorMessage: "No credit.",
      now: world.now,
    });
    for (let minute = 0; minute < 30; minute += 1) await world.elapse(60_000);
    expect(world.alarm).toBeNull();
  });
});
