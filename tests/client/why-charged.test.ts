import { expect, test } from "vitest";
import {
  billingWords,
  booksEquation,
  sumEquation,
  whyCharged,
} from "../../src/client/why-charged.ts";
import type { Receipt, Run } from "../../src/client/wire.ts";

const books = { dispatches: 3, settled: 2, unknown: 0, voided: 1, open: 0, closed: true };

function receipt(settlement: "final" | "estimated" | "unknown", chargedCredits: number): Receipt {
  return { effective: { settlement, costUsd: "0", chargedCredits } } as Receipt;
}

test("the sentences lead from the calls to the sum, and name what is not ordinary", () => {
  const receipts = [receipt("final", 100), receipt("estimated", 20), receipt("unknown", 0)];
  const text = whyCharged({ books: { ...books, dispatches: 4 } } as Run, receipts).join(" ");
  expect(text).toContain("4 model calls, 3 receipts, $0.000012 in all.");
  expect(text).toContain("Estimated, because the call was stopped or told no usage: 1 receipt.");
  expect(text).toContain(
    "Charged nothing, because no complete answer was recorded and nobody knows what was used: 1 receipt.",
  );
  expect(text).toContain("Never reached a model: 1 call.");
});

test.each([
  [1, "1 model call, one receipt, $0.00001 in all."],
  [3, "3 model calls, one receipt each, $0.00003 in all."],
])("an ordinary run of %i calls is told in one sentence", (dispatches, sentence) => {
  const receipts = Array.from({ length: dispatches }, () => receipt("final", 100));
  const run = { books: { ...books, dispatches, voided: 0 } } as Run;
  expect(whyCharged(run, receipts)).toEqual([sentence]);
});

test("only while the gateway's log is read may something come of an unknown call", () => {
  const run = { books, billing: "reconciling" } as Run;
  expect(whyCharged(run, [receipt("unknown", 0)]).join(" ")).toContain(
    "Charged nothing, because no complete answer was recorded and the gateway's log has not told yet what was used: 1 receipt.",
  );
});

test("no sum is told of a run that is under way", () => {
  const run = { books, status: "running", finishedAt: null } as Run;
  expect(whyCharged(run, [receipt("final", 100)])).toEqual([
    "The run is under way. Its charges are added up here once it has ended.",
  ]);
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

test.each([
  [[100], 100, "1 receipt = $0.00001, which is what the run was charged"],
  [
    [100, 0, 20],
    120,
    "$0.00001 + $0.00 + $0.000002 = $0.000012, which is what the run was charged",
  ],
  [
    Array.from({ length: 9 }, () => 100),
    900,
    "9 receipts = $0.00009, which is what the run was charged",
  ],
])("the charges of %j are added up to the run's", (charges, chargedCredits, equation) => {
  const receipts = charges.map((credits) => receipt("final", credits));
  expect(sumEquation({ chargedCredits, billing: "settled" } as Run, receipts)).toBe(equation);
});

test("a sum that is not the run's charge says so", () => {
  const receipts = [receipt("final", 100)];
  const said = "1 receipt = $0.00001, while the run says $0.00002";
  expect(sumEquation({ chargedCredits: 200, billing: "open" } as Run, receipts)).toBe(
    `${said}: the other receipts are on their way to the ledger`,
  );
  expect(sumEquation({ chargedCredits: 200, billing: "settled" } as Run, receipts)).toBe(
    `${said}: reload the page, and tell the operator if they still differ`,
  );
});

test.each<[Partial<Run>, RegExp]>([
  [{ billing: "settled" }, /^Every receipt is in the ledger\.$/],
  [{ billing: "reconciling" }, /^Figures may still be corrected: /],
  [{ billing: "open", status: "interrupted", finishedAt: null }, /waits for an answer/],
  [{ billing: "open", status: "running", finishedAt: null }, /under way/],
  [{ billing: "open", status: "success", finishedAt: "2026-11-21T12:00:00.000Z" }, /on their way/],
])("whether figures can still change is told in words: %j", (run, words) => {
  expect(billingWords(run as Run)).toMatch(words);
});
