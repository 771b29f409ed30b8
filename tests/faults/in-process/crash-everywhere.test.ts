import { describe, expect, it } from "vitest";
import { crashPoints } from "../../../src/run/crash-points.ts";
import { expectTrueBooks, expectTrueLog } from "./oracle.ts";
import { comeToRest } from "./come-to-rest.ts";
import type { Script } from "./script.ts";
import { World } from "./world.ts";

/** Everything a run can meet, so that every crash point is on its way. */
const everything: Script = {
  steps: [
    { kind: "calls", chunks: [3] },
    { kind: "tool" },
    { kind: "calls", chunks: [1, 2, 2] },
    { kind: "asks" },
    { kind: "calls", chunks: [1] },
  ],
};

// A scripted graph has no checkpoints: tests/faults/stack ends real ones there.
const points = crashPoints.filter((point) => point !== "checkpoint.written");

describe("a run that dies", () => {
  it.each(points.flatMap((point) => [1, 2, 3].map((pass) => ({ point, pass }))))(
    "at $point, pass $pass, still ends by itself, with true books and one text for all",
    async ({ point, pass }) => {
      const world = await World.create(everything);
      world.armed = { point, passes: pass };
      await comeToRest(world);
      expect(world.life.view(world.start.context.billingAccountId)).toMatchObject({
        status: "success",
        books: { closed: true },
      });
      expectTrueBooks(world);
      expectTrueLog(world);
    },
  );

  it.each(points.flatMap((point) => [1, 2].map((pass) => ({ point, pass }))))(
    "at $point, pass $pass, after an answer broke off, ends as it would have, and asks no more for it",
    async ({ point, pass }) => {
      const world = await World.create({
        steps: [{ kind: "calls", chunks: [1] }, { kind: "breaks" }],
      });
      world.armed = { point, passes: pass };
      await comeToRest(world);
      expect(world.life.view(world.start.context.billingAccountId)).toMatchObject({
        status: "error",
        errorCode: "provider_unavailable",
        errorMessage: "The answer broke off.",
        books: { closed: true },
      });
      expectTrueBooks(world);
      expectTrueLog(world);
    },
  );

  it("passes every point that it can be ended at", async () => {
    const world = await World.create(everything);
    world.armed = { point: "call.dispatched", passes: 2 };
    await comeToRest(world);
    expect(points.filter((point) => !world.passed.has(point))).toEqual([]);
  });
});
