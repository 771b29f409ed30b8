import { describe, expect, it } from "vitest";
import { commitUsageFacts } from "../../src/billing/billing.ts";
import { addCredits } from "../../src/billing/credits.ts";
import type { UsageFact } from "../../src/ports/usage-fact.ts";
import { Books, expectBalanced } from "./reconcile-fixture.ts";
import { RecordingLog } from "../logs.ts";

const unknown: Partial<UsageFact> = {
  ...{ settlement: "unknown", provenance: "estimate", costUsd: "0", inputTokens: 0 },
  outputTokens: 0,
};
const estimated: Partial<UsageFact> = { settlement: "estimated", provenance: "estimate" };

describe("a fact from the gateway's log", () => {
  it.each([
    ["unknown", unknown, 10_000],
    ["estimated", estimated, 8_750],
  ] as const)("fills an %s receipt once, however often it comes", async (_, open, before) => {
    const books = await Books.open(10_000);
    await commitUsageFacts(books.deps(), [books.fact("u", open)]);
    expect(books.balance).toBe(before);
    const logged = books.logged("u", "0.0000025");
    for (let time = 1; time <= 3; time += 1) {
      const later = { ...logged, occurredAt: "2026-11-22T00:00:00.000Z", usageRaw: { time } };
      const { committed, refused } = await commitUsageFacts(books.deps(), [later]);
      expect([committed[0]?.chargedCredits, refused]).toEqual([32, []]);
    }
    // 0.0000025 USD are 25 credits, times 1.25, rounded up.
    expect(books.effective()).toEqual({
      u: { settlement: "final", provenance: "gateway_log", costUsd: "0.0000025", charged: 32 },
    });
    expect(books.balance).toBe(10_000 - 32);
    expect(books.count("receipt_corrections")).toBe(1);
    expectBalanced(books);
  });

  it("of a call without a receipt makes one", async () => {
    const books = await Books.open(10_000);
    const logged = books.logged("u", "0.0001");
    for (let time = 1; time <= 2; time += 1) await commitUsageFacts(books.deps(), [logged]);
    expect(books.count("charge_receipts")).toBe(1);
    expect(books.count("receipt_corrections")).toBe(0);
    expect(books.balance).toBe(10_000 - 1_250);
  });

  it("leaves the first fact repeatable: it is still the same receipt", async () => {
    const books = await Books.open(10_000);
    const first = books.fact("u", estimated);
    await commitUsageFacts(books.deps(), [first]);
    await commitUsageFacts(books.deps(), [books.logged("u", "0.0002")]);
    const { committed } = await commitUsageFacts(books.deps(), [first]);
    expect(committed).toHaveLength(1);
    expect(books.effective()["u"]?.charged).toBe(2_500);
  });

  const others: [string, Partial<UsageFact>][] = [
    ["another cost", { costUsd: "0.0003" }],
    ["other tokens", { outputTokens: 10 }],
  ];
  it.each(others)("is refused and alarmed when it comes again with %s", async (_, other) => {
    const books = await Books.open(10_000);
    await commitUsageFacts(books.deps(), [books.fact("u", estimated)]);
    const logged = books.logged("u", "0.0002");
    await commitUsageFacts(books.deps(), [logged]);
    const log = new RecordingLog();
    const { refused } = await commitUsageFacts(books.deps(log), [{ ...logged, ...other }]);
    expect(refused).toMatchObject([{ reason: "receipt_conflict" }]);
    expect(log.lines).toMatchObject([{ level: "error", event: "billing.receipt_conflict" }]);
    expect(books.effective()["u"]?.charged).toBe(2_500);
  });

  const strangers: [string, Partial<UsageFact>][] = [
    ["another graph", { graphId: "langgraph:other" }],
    ["another model", { model: "other" }],
    ["another engine", { executorType: "n8n" }],
    ["another account", { billingAccountId: "acct_other" }],
  ];
  it.each(strangers)("never corrects the receipt of %s", async (_, other) => {
    const books = await Books.open(10_000);
    await commitUsageFacts(books.deps(), [books.fact("u", unknown)]);
    const { refused } = await commitUsageFacts(books.deps(), [books.logged("u", "0.1", other)]);
    expect(refused).toHaveLength(1);
    expect(books.balance).toBe(10_000);
  });

  it("never corrects a receipt that names another call of the provider", async () => {
    const books = await Books.open(10_000);
    const first = books.fact("u", { ...estimated, providerCallId: "chatcmpl-1" });
    await commitUsageFacts(books.deps(), [first]);
    const logged = books.logged("u", "0.1", { providerCallId: "chatcmpl-2" });
    expect((await commitUsageFacts(books.deps(), [logged])).refused).toHaveLength(1);
  });

  it("never touches a receipt that was final from the start", async () => {
    const books = await Books.open(10_000);
    await commitUsageFacts(books.deps(), [books.fact("u")]);
    const { refused } = await commitUsageFacts(books.deps(), [books.logged("u", "0.0002")]);
    expect(refused).toMatchObject([{ reason: "receipt_conflict" }]);
    expect(books.balance).toBe(10_000 - 1_250);
  });

  it("charges at the markup that the receipt was made with, not at the one of today", async () => {
    const books = await Books.open(10_000);
    await commitUsageFacts(books.deps(), [books.fact("u", unknown)]);
    const today = { ...books.deps(), markupBasisPoints: 20_000 };
    await commitUsageFacts(today, [books.logged("u", "0.0001")]);
    expect(books.effective()["u"]?.charged).toBe(1_250);
  });

  it("of a dispatch that was repeated records its cost and charges nothing", async () => {
    const books = await Books.open(10_000);
    await commitUsageFacts(books.deps(), [books.fact("u", unknown)]);
    const logged = books.logged("u", "0.0001", { isRepeatedDispatch: true });
    for (let time = 1; time <= 2; time += 1) await commitUsageFacts(books.deps(), [logged]);
    expect(books.effective()["u"]).toMatchObject({ settlement: "final", costUsd: "0.0001" });
    expect(books.balance).toBe(10_000);
  });

  it("never gives back what an operator gave back already", async () => {
    const books = await Books.open(10_000);
    const { committed } = await commitUsageFacts(books.deps(), [books.fact("u", estimated)]);
    const receiptId = committed[0]!.receiptId;
    const { accountId } = books;
    const refund = {
      accountId,
      credits: 1_000,
      reason: "refund",
      reference: "r",
      receiptId,
    } as const;
    expect(await addCredits(books.deps(), refund)).toEqual({ kind: "posted" });
    await commitUsageFacts(books.deps(), [books.logged("u", "0.00001")]);
    expect(books.effective()["u"]?.charged).toBe(0);
    expect(books.balance).toBe(10_000);
    expectBalanced(books);
  });

  it("does not hold up the others when it is refused", async () => {
    const books = await Books.open(10_000);
    const facts = [books.logged("u", "0.1", { graphId: "langgraph:other" }), books.fact("v")];
    const { committed, refused } = await commitUsageFacts(books.deps(), facts);
    expect([committed.length, refused.length]).toEqual([1, 1]);
  });
});
