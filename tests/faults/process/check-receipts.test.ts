import { expect, it } from "vitest";
import type { GatewayLogEntry } from "../../fake-gateway/log.ts";
import { checkReceipts } from "./check-receipts.ts";
import type { Evidence } from "./oracle.ts";
import type { Receipt } from "./product-api.ts";

function judge(dispatchIds: readonly string[], receipts: readonly [string, string][]) {
  const counts = { dispatches: 0, receipts: 0, lost: 0, double: 0, unknown: 0, resent: 0 };
  const evidence = {
    run: { chargedCredits: 0, books: { dispatches: dispatchIds.length } },
    tracked: null,
    receipts: receipts.map(([usageUnitId, settlement], index) => ({
      receiptId: `rcpt_${index}`,
      usageUnitId,
      settlement: settlement as Receipt["settlement"],
      effective: { chargedCredits: 0 },
    })),
    calls: dispatchIds.map((id) => ({ callId: id.replace(/-\d+$/, ""), receiptId: null })),
    gateway: dispatchIds.map((id, index) => ({
      n: index + 1,
      status: 200,
      headers: { spendLogsMetadata: JSON.stringify({ runledger_dispatch_id: id }) },
    })),
  } as unknown as Evidence & { gateway: GatewayLogEntry[] };
  const said: string[] = [];
  checkReceipts(evidence, counts, (what) => said.push(what));
  return { ...counts, said: said.length };
}

it("finds nothing where a call that was cut off was sent again and settled", () => {
  const receipts: [string, string][] = [
    ["dispatch:call_a-1", "unknown"],
    ["call_a-2", "final"],
  ];
  expect(judge(["call_a-1", "call_a-2"], receipts)).toMatchObject({ unknown: 1, said: 0 });
});

it("finds a dispatch that was answered and has no receipt", () => {
  expect(judge(["call_a-1", "call_a-10"], [["call_a-10", "final"]])).toMatchObject({ lost: 1 });
});

it("finds two receipts of one dispatch", () => {
  const receipts: [string, string][] = [
    ["dispatch:call_a-1", "unknown"],
    ["call_a-1", "final"],
  ];
  expect(judge(["call_a-1"], receipts)).toMatchObject({ double: 1 });
});

it("finds a call that was sent again after it had been settled", () => {
  const receipts: [string, string][] = [
    ["call_a-1", "final"],
    ["call_a-2", "unknown"],
  ];
  expect(judge(["call_a-1", "call_a-2"], receipts)).toMatchObject({ resent: 1 });
});
