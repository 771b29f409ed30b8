import { expect, test } from "vitest";
import { receiptsIn, timelineOf } from "../../src/client/timeline.ts";
import { fromLog, makeCall, makeReceipt, unknown } from "./charged.ts";

test("every dispatch has its receipt, in order of dispatch", () => {
  const calls = [
    makeCall({ ordinal: 2, callId: "call_b", receiptId: null, usageUnitId: null }),
    makeCall(),
  ];
  const { dispatched, elsewhere } = timelineOf(calls, [makeReceipt()], "settled");
  expect(
    dispatched.map(({ call, receipt }) => [call?.ordinal, receipt?.receiptId ?? null]),
  ).toEqual([
    [1, "rcpt_1"],
    [2, null],
  ]);
  expect(elsewhere).toEqual([]);
  expect(dispatched.map(({ isRetried }) => isRetried)).toEqual([false, false]);
  const retried = timelineOf([...calls, makeCall({ ordinal: 3, attempt: 1 })], [], "settled");
  expect(retried.dispatched.every(({ isRetried }) => isRetried)).toBe(true);
});

test("of several dispatches of a call, the one that was charged pays", () => {
  const lost = makeReceipt({ ...unknown, corrections: [fromLog({ chargedDelta: 0 })] });
  const paid = makeReceipt({ receiptId: "rcpt_2", usageUnitId: "unit-2" });
  const again = { ordinal: 2, dispatch: 2, usageUnitId: "unit-2", receiptId: "rcpt_2" };
  const calls = [makeCall({ state: "interrupted" }), makeCall(again)];
  const { dispatched } = timelineOf(calls, [lost, paid], "settled");
  expect(dispatched.map(({ paidBy, dispatches }) => [paidBy?.dispatch, dispatches])).toEqual([
    [2, 2],
    [undefined, 2],
  ]);
});

test("a retry pays for itself: it is another asking", () => {
  const again = { ordinal: 2, dispatch: 2, attempt: 1, usageUnitId: "unit-2", receiptId: "rcpt_2" };
  const calls = [makeCall({ state: "interrupted" }), makeCall(again)];
  const paid = makeReceipt({ receiptId: "rcpt_2", usageUnitId: "unit-2", attempt: 1 });
  const { dispatched } = timelineOf(calls, [makeReceipt(unknown), paid], "settled");
  expect(dispatched.map(({ paidBy }) => paidBy)).toEqual([null, null]);
});

test("a call that only the gateway's log knows of is no dispatch of a node", () => {
  const calls = [makeCall(), makeCall({ ordinal: 2, nodeKey: "", receiptId: "rcpt_2" })];
  const stranger = makeReceipt({ receiptId: "rcpt_2", provenance: "gateway_log" });
  const { dispatched, elsewhere } = timelineOf(calls, [makeReceipt(), stranger], "settled");
  expect(dispatched).toHaveLength(1);
  expect(elsewhere.map(({ receipt }) => receipt)).toEqual([stranger]);
});

test.each([
  ["is under way", { state: "dispatched", endedAt: null }, 2],
  ["never reached a model", { state: "failed" }, undefined],
] as const)("a later dispatch that %s", (_, changes, dispatch) => {
  const lost = makeReceipt(unknown);
  const calls = [
    makeCall({ state: "interrupted" }),
    makeCall({ ordinal: 2, dispatch: 2, usageUnitId: null, receiptId: null, ...changes }),
  ];
  const { dispatched } = timelineOf(calls, [lost], "open");
  expect(dispatched[0]?.paidBy?.dispatch).toBe(dispatch);
});

test("a receipt that the gateway's log led to is put to its dispatch by the usage unit, or stands alone", () => {
  const calls = [makeCall({ state: "failed", receiptId: null })];
  const own = makeReceipt({ provenance: "gateway_log" });
  const stranger = makeReceipt({ receiptId: "rcpt_2", usageUnitId: "unit-2" });
  const { dispatched, elsewhere } = timelineOf(calls, [own, stranger], "settled");
  expect(dispatched[0]?.receipt).toBe(own);
  expect(elsewhere.map(({ call, receipt }) => [call, receipt])).toEqual([[null, stranger]]);
  expect(receiptsIn({ dispatched, elsewhere })).toEqual([own, stranger]);
});
