import { describe, expect, it } from "vitest";
import { createModelCatalog, mostCallCredits } from "../../src/completion/models.ts";
import { planRun } from "../../src/run/plan-run.ts";
import { holdFor } from "../../src/run/hold.ts";
import type { StartRun } from "../../src/ports/run.ts";
import { context } from "../conformance/fakes.ts";

const models = createModelCatalog(
  JSON.stringify([
    { id: "paid", inputUsdPerMTok: "3", outputUsdPerMTok: "15", maxOutputTokens: 1000 },
    { id: "free", free: true },
  ]),
  true,
);
const graph = {
  name: "poet",
  title: "",
  description: "",
  toolIds: [],
  nodeKeys: ["poet"],
  interrupts: false,
};

function started(model: string, content: string, maxCredits?: number): StartRun {
  const plan = planRun(
    {
      context,
      messages: [{ role: "user", content }],
      threadId: null,
      threadTitle: "",
      model,
      configurable: {},
      toolIds: null,
      limits: maxCredits === undefined ? {} : { maxCredits },
      scheduleId: null,
      scheduledFor: null,
    },
    { graphs: new Map([[context.graphId, graph]]), models },
  );
  if (!plan.ok) throw new Error(plan.message);
  return plan.start;
}

describe("the hold at admission", () => {
  it("covers the most that a first call with this text can be charged", () => {
    const paid = models.find("paid");
    const text = "x".repeat(2_000);
    const hold = holdFor(started("paid", text), models, 12_500);
    expect(paid && hold).toBeGreaterThanOrEqual(paid ? mostCallCredits(paid, 2_000, 12_500) : 1);
    expect(holdFor(started("paid", text), models, 25_000)).toBeGreaterThan(hold);
  });

  it("reserves for bytes, of which rare scripts are as many tokens", () => {
    const paid = models.find("paid");
    const hold = holdFor(started("paid", "ꀀ".repeat(2_000)), models, 10_000);
    expect(paid && hold).toBeGreaterThanOrEqual(paid ? mostCallCredits(paid, 6_000, 10_000) : 1);
  });

  it("never exceeds the run's own limit", () => {
    expect(holdFor(started("paid", "hello", 1_234), models, 10_000)).toBe(1_234);
  });

  it("is nothing for a free model", () => {
    expect(holdFor(started("free", "hello"), models, 10_000)).toBe(0);
  });
});
