import { describe, expect, it } from "vitest";
import { addCredits } from "../../../src/billing/credits.ts";
import { comeToRest } from "../../faults/in-process/come-to-rest.ts";
import { firstBalance, World } from "../../faults/in-process/world.ts";

/** Three calls of 150 credits, each of which may cost 200; admission holds 400. */
async function threeCallsWith(balanceCredits: number) {
  const world = await World.create({
    steps: [
      { kind: "calls", chunks: [1] },
      { kind: "calls", chunks: [1] },
    ],
  });
  const { d1, start } = world;
  await addCredits(
    { db: d1.database, clock: { now: () => 2 } },
    {
      accountId: start.context.billingAccountId,
      credits: balanceCredits - firstBalance,
      reason: "correction",
      reference: "all but the last",
    },
  );
  await comeToRest(world);
  return world.life.view(world.start.context.billingAccountId);
}

describe("a call that the lease does not cover", () => {
  it("is made with the account's last credits, though they do not cover one more after it", async () => {
    expect(await threeCallsWith(500)).toMatchObject({ status: "success", chargedCredits: 450 });
  });

  it("is refused where one credit is missing", async () => {
    expect(await threeCallsWith(499)).toMatchObject({
      status: "error",
      errorCode: "insufficient_credits",
      chargedCredits: 300,
    });
  });
});
