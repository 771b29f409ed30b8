import { expect, test } from "vitest";
import { booksEquation, whyCharged } from "../../src/client/why-charged.ts";
import type { Receipt, Run } from "../../src/client/wire.ts";

const books = { dispatches: 3, settled: 2, unknown: 0, voided: 1, open: 0, closed: true };

function receipt(settlement: "final" | "estimated" | "unknown", chargedCredits: number): Receipt {
  return { effective: { settlement, costUsd: "0", chargedCredits } } as Receipt;
}

test("the sentences lead from the calls to the sum, and name what is not ordinary", () => {
  const receipts = [receipt("final", 100), receipt("estimated", 20), receipt("unknown", 0)];
  const text = whyCharged({ books } as Run, receipts).join(" ");
  expect(text).toContain("3 model calls");
  expect(text).toContain("3 receipts is $0.000012 in all");
  expect(text).toContain("Estimated, because the call was stopped or told no usage: 1 receipt.");
  expect(text).toContain("Charged nothing, because no complete answer was recorded: 1 receipt.");
  expect(text).toContain("Never reached a model: 1 call.");
});

test("a run without calls says that it cost nothing", () => {
  const none = { dispatches: 0, settled: 0, unknown: 0, voided: 0, open: 0, closed: true };
  expect(whyCharged({ books: none } as Run, [])).toEqual([
    "This run made no model call, so nothing was charged.",
  ]);
});

test("the books are shown as the equation that must hold", () => {
  expect(booksEquation({ books } as Run)).toBe(
    "3 dispatched = 2 settled + 0 unknown + 1 voided + 0 open",
  );
});
