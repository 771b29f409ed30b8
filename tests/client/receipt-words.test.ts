import { expect, test } from "vitest";
import { changesOf, givenBack } from "../../src/client/receipt-changes.ts";
import { changeWords, markupWords, sourceWords } from "../../src/client/receipt-words.ts";
import { fromLog, makeReceipt, nothing, refund, unknown } from "./charged.ts";

const estimated = { settlement: "estimated", provenance: "estimate" } as const;

test.each([
  [
    makeReceipt({ ...estimated, corrections: [fromLog()] }),
    "Corrected from the gateway's log: $0.001 → $0.0008, 2,500 credits ($0.00025) given back",
  ],
  [
    makeReceipt({ ...unknown, corrections: [fromLog({ chargedDelta: 1 })] }),
    "Filled in from the gateway's log: not known → $0.0008, 1 credit ($0.0000001) charged",
  ],
  [
    makeReceipt({ ...unknown, corrections: [fromLog({ ...nothing, chargedDelta: 0 })] }),
    "The gateway's log shows that nothing was used, charge unchanged",
  ],
  [
    makeReceipt({ corrections: [refund(makeReceipt(), 500)] }),
    "Refunded by the operator (ticket-7): 500 credits ($0.00005) given back",
  ],
  [
    makeReceipt({ corrections: [{ ...refund(makeReceipt(), -500), reason: "correction" }] }),
    "Corrected by the operator (ticket-7): 500 credits ($0.00005) charged",
  ],
])("a correction is told in one line (%#)", (receipt, line) => {
  expect(changesOf(receipt).map(changeWords)).toEqual([line]);
});

test("the log corrects once; what comes after it is the operator's, whatever it carries", () => {
  const corrected = makeReceipt({ ...estimated, corrections: [fromLog()] });
  const receipt = makeReceipt({
    ...corrected,
    corrections: [...corrected.corrections, refund(corrected, 700)],
  });
  expect(changesOf(receipt).map(({ by }) => by)).toEqual(["log", "operator"]);
  expect(givenBack(receipt)).toBe(700);
});

test.each([
  ["usage*12500bp", "25%"],
  ["usage*10025bp", "0.25%"],
  ["usage*10000bp", "none"],
  ["usage*8000bp", "−20%"],
  ["usage", "–"],
])("the markup of %s is %s", (priceVersion, words) => {
  expect(markupWords(makeReceipt({ priceVersion }))).toBe(words);
});

test("where a figure comes from follows its corrections", () => {
  expect(sourceWords(makeReceipt(estimated))).toBe("an estimate, at list price");
  expect(sourceWords(makeReceipt({ ...estimated, corrections: [fromLog()] }))).toBe(
    "the gateway's log",
  );
  expect(sourceWords(makeReceipt(unknown))).toBe("not known");
});
