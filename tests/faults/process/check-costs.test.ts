import { expect, it } from "vitest";
import { checkCosts, isReconciled } from "./check-costs.ts";
import type { Evidence } from "./oracle.ts";

interface Dispatched {
  id: string;
  state: string;
  settlement: string;
  costUsd: string;
  charged: number;
  attempt?: number;
}

/** Every call cost 0.0001 USD at the gateway, which is 1,250 credits with the markup. */
function evidenceOf(dispatched: readonly Dispatched[]): Evidence {
  return {
    receipts: dispatched.map(({ id, settlement, costUsd, charged }) => ({
      ...{ receiptId: `rcpt_${id}`, usageUnitId: id },
      effective: { settlement, costUsd, chargedCredits: charged },
    })),
    calls: dispatched.map(({ id, state, attempt = 0 }) => ({
      ...{ callId: id.replace(/-\d+$/, ""), dispatch: Number(id.at(-1)), state, attempt },
      receiptId: `rcpt_${id}`,
    })),
    gateway: dispatched.map(({ id }, index) => ({
      ...{ n: index + 1, status: 200, costUsd: "0.0001" },
      headers: { spendLogsMetadata: JSON.stringify({ runledger_dispatch_id: id }) },
    })),
  } as unknown as Evidence;
}

function said(dispatched: readonly Dispatched[]): string[] {
  const complaints: string[] = [];
  checkCosts(evidenceOf(dispatched), (what) => complaints.push(what));
  return complaints;
}

const settled: Dispatched = {
  ...{ id: "call_a-2", state: "settled", settlement: "final", costUsd: "0.0001", charged: 1_250 },
};
const repeated: Dispatched = { ...settled, id: "call_a-1", state: "interrupted", charged: 0 };

it("finds nothing where the second dispatch of a call pays for both", () => {
  expect(said([repeated, settled])).toEqual([]);
});

it.each([
  ["a cost that is not the gateway's", [{ ...settled, costUsd: "0.0002", charged: 2_500 }]],
  ["a receipt that stayed open", [{ ...settled, settlement: "unknown", costUsd: "0", charged: 0 }]],
  ["a charge that is not cost times markup", [{ ...settled, charged: 1_251 }]],
  ["an answer that nobody pays for", [{ ...settled, charged: 0 }]],
  ["a call that is paid for twice", [{ ...repeated, charged: 1_250 }, settled]],
])("finds %s", (_, dispatched) => {
  expect(said(dispatched).length).toBeGreaterThan(0);
});

it("waits for every receipt of an answered call to become final", () => {
  expect(isReconciled(evidenceOf([repeated, settled]))).toBe(true);
  expect(isReconciled(evidenceOf([{ ...repeated, settlement: "unknown" }, settled]))).toBe(false);
});
