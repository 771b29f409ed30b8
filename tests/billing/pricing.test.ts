import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  contentHash,
  factProblem,
  priceFact,
  receiptIdOf,
  sourceReference,
} from "../../src/billing/pricing.ts";
import type { UsageFact } from "../../src/ports/usage-fact.ts";

const fact: UsageFact = {
  runId: "run_1",
  attempt: 2,
  usageUnitId: "unit",
  source: "litellm",
  providerCallId: "call",
  graphId: "langgraph:poet",
  executorType: "inproc",
  billingAccountId: "acct_1",
  virtualKeyId: "key_1",
  requestId: "req_1",
  trigger: "chat",
  provenance: "header",
  settlement: "final",
  provider: "openai",
  model: "gpt",
  servedModel: "gpt-2",
  inputTokens: 1,
  outputTokens: 2,
  cacheReadTokens: 3,
  cacheWriteTokens: 4,
  reasoningTokens: 5,
  costUsd: "0.0000025",
  occurredAt: "2026-05-04T00:00:00.000Z",
  usageRaw: null,
};

describe("the price of a call", () => {
  it("is its cost times the markup, rounded up once", () => {
    expect(priceFact(fact, 10_000)).toEqual({ chargedCredits: 25, priceVersion: "header*10000bp" });
    expect(priceFact(fact, 12_500)).toEqual({ chargedCredits: 32, priceVersion: "header*12500bp" });
  });

  it("is nothing while nobody knows what the call used", () => {
    expect(priceFact({ ...fact, settlement: "unknown" }, 10_000).chargedCredits).toBe(0);
  });

  it("never falls when cost or markup rise", () => {
    const cost = fc.integer({ min: 0, max: 10 ** 9 });
    fc.assert(
      fc.property(cost, cost, fc.nat({ max: 30_000 }), (a, b, markup) => {
        const price = (units: number) =>
          priceFact({ ...fact, costUsd: (units / 10 ** 9).toFixed(9) }, markup).chargedCredits;
        expect(price(Math.min(a, b))).toBeLessThanOrEqual(price(Math.max(a, b)));
        expect(price(a)).toBeLessThanOrEqual(
          priceFact({ ...fact, costUsd: (a / 10 ** 9).toFixed(9) }, markup + 1).chargedCredits,
        );
      }),
    );
  });
});

describe("the key of a receipt", () => {
  it("is run, attempt and unit, and gives the receipt its id", () => {
    expect(sourceReference(fact)).toBe("run_1/2/unit");
    expect(receiptIdOf("litellm", "run_1/2/unit")).toBe(receiptIdOf("litellm", "run_1/2/unit"));
    expect(receiptIdOf("litellm", "run_1/2/unit")).not.toBe(receiptIdOf("openai", "run_1/2/unit"));
  });
});

describe("the content of a fact", () => {
  const same: [string, Partial<UsageFact>][] = [
    ["the request id", { requestId: "req_2" }],
    ["the time", { occurredAt: "2027-01-01T00:00:00.000Z" }],
    ["the raw usage", { usageRaw: { total: 1 } }],
    ["another way to write the cost", { costUsd: "2.5e-6" }],
  ];
  it.each(same)("is the same whatever %s", (_, changes) => {
    expect(contentHash({ ...fact, ...changes })).toBe(contentHash(fact));
  });

  const apart = Object.keys(fact).filter(
    (key) => !["requestId", "occurredAt", "usageRaw"].includes(key),
  );
  it.each(apart)("differs by %s", (key) => {
    const value = fact[key as keyof UsageFact];
    const other =
      typeof value === "number" ? value + 1 : key === "costUsd" ? "1" : `${JSON.stringify(value)}x`;
    expect(contentHash({ ...fact, [key]: other })).not.toBe(contentHash(fact));
  });

  it("is postable as it is", () => {
    expect(factProblem(fact, 10_000)).toBeNull();
  });
});
