import { describe, expect, test } from "vitest";
import type { ChargedCall } from "../../src/client/charged-call.ts";
import { whyThisCost } from "../../src/client/why-this-cost.ts";
import type { Receipt } from "../../src/client/wire.ts";
import { fromLog, makeCall, makeReceipt, nothing, refund, unknown } from "./charged.ts";

const estimated = { settlement: "estimated", provenance: "estimate" } as const;
const second = makeCall({ dispatch: 2, ordinal: 2 });

function why(changes: Partial<ChargedCall>): string {
  const charged = { call: makeCall(), receipt: makeReceipt(), paidBy: null, ...changes };
  return whyThisCost({ billing: "settled", ...charged });
}

function withRefund(receipt: Receipt, credits: number): Receipt {
  return makeReceipt({
    ...receipt,
    corrections: [...receipt.corrections, refund(receipt, credits)],
  });
}

describe("a call whose usage was told", () => {
  test.each<[string, Partial<Receipt>, string]>([
    [
      "with the usage",
      {},
      "The gateway named this call's cost with the usage of its answer, $0.001, charged with a markup of 25%.",
    ],
    [
      "in a header, without a markup",
      { provenance: "header", priceVersion: "header*10000bp", chargedCredits: 10_000 },
      "The gateway named this call's cost in the header of its answer, $0.001, charged without a markup.",
    ],
    [
      "as tokens, at a discount",
      { provenance: "price_table", priceVersion: "price_table*8000bp", chargedCredits: 8_000 },
      "The gateway counted 1,200 tokens in and 34 out, which cost $0.001 by the model's price list, charged at a discount of 20%.",
    ],
    [
      "by the gateway's log",
      { provenance: "gateway_log" },
      "The gateway's log has this call with 1,200 tokens in and 34 out and a cost of $0.001, charged with a markup of 25%.",
    ],
    [
      "by the engine",
      { provenance: "reported" },
      "The engine that made this call reported its cost itself, $0.001, charged with a markup of 25%.",
    ],
    [
      "where nothing is charged at all",
      { priceVersion: "usage*0bp", chargedCredits: 0 },
      "The gateway named this call's cost with the usage of its answer, $0.001, of which nothing is charged here.",
    ],
    [
      "at a price that says no markup",
      { priceVersion: "old" },
      "The gateway named this call's cost with the usage of its answer, $0.001, charged at the price of its day.",
    ],
    [
      "to be nothing",
      { ...nothing, chargedCredits: 0 },
      "The gateway told with this call's answer that no token was used, so it cost nothing.",
    ],
    [
      "to be nothing, by the gateway's log",
      { ...nothing, chargedCredits: 0, provenance: "gateway_log" },
      "The gateway's log says of this call that no token was used, so it cost nothing.",
    ],
    [
      "to be nothing, by the engine",
      { ...nothing, chargedCredits: 0, provenance: "reported" },
      "The engine that made this call reported that no token was used, so it cost nothing.",
    ],
    [
      "of a free model",
      { costUsd: "0", chargedCredits: 0, provenance: "price_table" },
      "This model is free, so 1,200 tokens in and 34 out cost nothing.",
    ],
  ])("%s", (_, changes, sentence) => {
    expect(why({ receipt: makeReceipt(changes) })).toBe(sentence);
  });
});

describe("a call that ended without its usage", () => {
  const counted =
    "so it was estimated from the text sent and received, 1,200 tokens in and 34 out, which";
  const priced = `${counted} cost $0.001 by the model's price list, charged with a markup of 25%`;
  const receipt = makeReceipt(estimated);

  test.each([
    ["cancelled", "This call was stopped before its usage was told"],
    ["failed", "This call's answer broke off before its usage was told"],
    ["settled", "The gateway told no usage with this call's answer"],
  ] as const)("%s: its cause, and an estimate", (state, cause) => {
    const call = makeCall({ state });
    expect(why({ call, receipt })).toBe(`${cause}, ${priced}.`);
    expect(why({ call, receipt, billing: "reconciling" })).toBe(
      `${cause}, ${priced} until the gateway's log is read.`,
    );
  });

  test("of a free model costs nothing", () => {
    const free = makeReceipt({ ...estimated, costUsd: "0", chargedCredits: 0 });
    expect(why({ receipt: free })).toBe(
      `The gateway told no usage with this call's answer, ${counted} this free model gives for nothing.`,
    );
  });

  test.each([
    [fromLog(), "1,000 tokens in and 30 out and a cost of $0.0008, charged with a markup of 25%"],
    [
      fromLog({ costUsd: "0", chargedDelta: -12_500 }),
      "1,000 tokens in and 30 out, which this free model gives for nothing",
    ],
    [fromLog({ ...nothing, chargedDelta: -12_500 }), "that it used nothing, so nothing is charged"],
  ])("is put right by the gateway's log (%#)", (correction, shown) => {
    const call = makeCall({ state: "cancelled" });
    const corrected = makeReceipt({ ...estimated, corrections: [correction] });
    expect(why({ call, receipt: corrected })).toBe(
      `This call was stopped before its usage was told, so it was estimated until the gateway's log showed ${shown}.`,
    );
  });
});

describe("a call whose end nobody saw", () => {
  const call = makeCall({ state: "interrupted" });
  const receipt = makeReceipt(unknown);
  const died = "The host that ran this call died before its answer was recorded";
  const filled = (changes: Parameters<typeof fromLog>[0]) =>
    makeReceipt({ ...unknown, corrections: [fromLog(changes)] });

  test.each([
    ["interrupted", died],
    ["cancelled", "This call was stopped before an answer came"],
    ["failed", "No answer to this call was recorded"],
  ] as const)("%s: its cause, and nothing is charged", (state, cause) => {
    expect(why({ call: makeCall({ state }), receipt })).toBe(
      `${cause}, so nobody knows what it used and nothing is charged.`,
    );
  });

  test.each<[string, Partial<ChargedCall>, string]>([
    [
      "may still be told by the gateway's log",
      { receipt, billing: "reconciling" },
      `${died}, so nothing is charged until the gateway's log tells what it used.`,
    ],
    [
      "was sent again",
      { receipt, paidBy: second, billing: "reconciling" },
      `${died} and you asked once, so dispatch 2 is charged, and nothing for this one.`,
    ],
    [
      "was filled in",
      { receipt: filled({ chargedDelta: 10_000 }) },
      `${died}, so nothing was charged until the gateway's log showed 1,000 tokens in and 30 out and a cost of $0.0008, charged with a markup of 25%.`,
    ],
    [
      "was filled in, and the model is free",
      { receipt: filled({ costUsd: "0", chargedDelta: 0 }) },
      `${died}, so nothing was charged until the gateway's log showed 1,000 tokens in and 30 out, which this free model gives for nothing.`,
    ],
    [
      "was sent again and filled in",
      { receipt: filled({ chargedDelta: 0 }), paidBy: second },
      `${died} and you asked once, so dispatch 2 is charged, and nothing for this one, although the gateway's log shows that it cost $0.0008.`,
    ],
    [
      "proved to have used nothing",
      { receipt: filled({ ...nothing, chargedDelta: 0 }) },
      `${died}, but the gateway's log proves that it used nothing, so nothing is charged.`,
    ],
  ])("%s", (_, changes, sentence) => {
    expect(why({ call, ...changes })).toBe(sentence);
  });
});

describe("a dispatch that was not charged although it cost something", () => {
  const receipt = makeReceipt({ provenance: "gateway_log", chargedCredits: 0 });
  const asked = "This call was sent more than once and you asked once";

  test.each([
    [second, "dispatch 2"],
    [null, "another dispatch of it"],
  ])("names the one that was (%#)", (paidBy, name) => {
    expect(why({ call: null, receipt, paidBy })).toBe(
      `${asked}, so ${name} is charged, and nothing for this one, although it cost $0.001.`,
    );
  });
});

describe("a call without a receipt", () => {
  test.each<[Parameters<typeof makeCall>[0], ChargedCall["billing"], string]>([
    [{ state: "intent" }, "open", "This call is being sent, so it has no receipt yet."],
    [{ state: "dispatched" }, "open", "A model is answering, so there is no receipt yet."],
    [
      { state: "failed" },
      "settled",
      "This call failed before a model could answer, so nothing was used and nothing is charged.",
    ],
    [
      { state: "cancelled" },
      "settled",
      "This call was stopped before it reached a model, so nothing was used and nothing is charged.",
    ],
    [
      { state: "settled", receiptId: "rcpt_1" },
      "open",
      "This call was made, and its receipt is on its way to the ledger.",
    ],
    [
      { state: "failed", receiptId: "rcpt_1" },
      "reconciling",
      "The ledger has no receipt of this call, so nothing is charged for it.",
    ],
  ])("%j, billing %s", (changes, billing, sentence) => {
    const call = makeCall({ receiptId: null, ...changes });
    expect(why({ call, receipt: null, billing })).toBe(sentence);
  });
});

describe("what the operator did to a charge", () => {
  const plain =
    "The gateway named this call's cost with the usage of its answer, $0.001, charged with a markup of 25%";

  test.each([
    [2_500, "; the operator has given $0.00025 back"],
    [12_500, "; the operator has given all of it back"],
    [-500, "; the operator has charged $0.00005 more"],
    [0, ""],
  ])("%i credits", (credits, words) => {
    expect(why({ receipt: withRefund(makeReceipt(), credits) })).toBe(`${plain}${words}.`);
  });

  test("is told beside what the gateway's log corrected, before or after it", () => {
    const early = withRefund(makeReceipt(estimated), 1_000);
    const late = makeReceipt({ ...estimated, corrections: [fromLog()] });
    const sentence =
      /showed 1,000 tokens in and 30 out and a cost of \$0\.0008, charged with a markup of 25%; the operator has given \$0\.0001 back\.$/;
    const corrections = [...early.corrections, fromLog()];
    expect(why({ receipt: makeReceipt({ ...early, corrections }) })).toMatch(sentence);
    expect(why({ receipt: withRefund(late, 1_000) })).toMatch(sentence);
  });
});
