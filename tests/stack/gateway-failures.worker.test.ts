import { describe, expect, it } from "vitest";
import {
  call,
  expectBilledOnce,
  expectReconciled,
  finish,
  gatewayCalls,
  newAccount,
  readRun,
  startRun,
  watch,
} from "./product.ts";

/** What the gateway does, how the run ends, and how many receipts of which settlement that leaves. */
const failures: [string, { status: string; errorCode: string | null }, string[]][] = [
  ["[[status:500]]", { status: "error", errorCode: "provider_unavailable" }, []],
  ["[[status:529]]", { status: "error", errorCode: "provider_unavailable" }, []],
  ["[[status:402]]", { status: "error", errorCode: "provider_unavailable" }, []],
  ["[[status:429]] [[retry-after:7]]", { status: "error", errorCode: "rate_limit" }, []],
  ["[[html-502]]", { status: "error", errorCode: "provider_unavailable" }, []],
  ["[[empty-200]]", { status: "error", errorCode: "provider_unavailable" }, ["unknown"]],
  ["[[truncate:3]]", { status: "error", errorCode: "provider_unavailable" }, ["estimated"]],
  ["[[delay:20]] [[cut:3]]", { status: "error", errorCode: "provider_unavailable" }, ["estimated"]],
  ["[[no-usage]]", { status: "success", errorCode: null }, ["estimated"]],
  ["[[zero-usage]]", { status: "success", errorCode: null }, ["final"]],
  ["[[no-done]]", { status: "success", errorCode: null }, ["final"]],
  ["[[two-done]]", { status: "success", errorCode: null }, ["final"]],
  ["[[crlf]]", { status: "success", errorCode: null }, ["final"]],
  ["[[comments]]", { status: "success", errorCode: null }, ["final"]],
  ["[[split-utf8]]", { status: "success", errorCode: null }, ["final"]],
  ["[[no-call-id]]", { status: "success", errorCode: null }, ["final"]],
  ["[[zero-cost]]", { status: "success", errorCode: null }, ["final"]],
  ["[[served:other]]", { status: "success", errorCode: null }, ["final"]],
];

describe("whatever the gateway does", () => {
  it.each(failures)(
    "%s ends the run and leaves the right receipts",
    async (message, end, settlements) => {
      const as = await newAccount();
      const { runId } = await startRun(as, { message });
      const settled = await finish(as, runId);
      expect(settled.books).toMatchObject({ dispatches: 1, open: 0, closed: true });
      expect(await readRun(as, runId)).toMatchObject(end);
      const { receipts } = await expectBilledOnce(as, runId);
      expect(receipts.map((receipt) => receipt.settlement)).toEqual(settlements);
      // A gateway that says 0 does not know its price: the receipt is ours, and stays.
      if (message !== "[[zero-cost]]") await expectReconciled(as, runId);
    },
  );

  it("never shows what an upstream error said", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, { message: "my secret diary [[status:500]]" });
    const viewer = await watch(as, runId);
    await viewer.settled();
    expect(JSON.stringify(viewer.frames)).not.toMatch(/sk-fake|secret diary/);
  });

  it.each(["[[stall:headers]]", "[[stall:0]]", "[[tokens:9]] [[stall:3]]"])(
    "%s: stopping closes the upstream before the run is cancelled",
    async (message) => {
      const as = await newAccount();
      const { runId } = await startRun(as, { message });
      await expect.poll(async () => (await gatewayCalls(runId)).length).toBe(1);
      expect((await call("POST", `/api/v1/ai/runs/${runId}/cancel`, { as })).status).toBe(202);
      expect((await call("POST", `/api/v1/ai/runs/${runId}/cancel`, { as })).status).toBe(200);
      const settled = await finish(as, runId);
      expect(settled.books).toMatchObject({ dispatches: 1, voided: 0, open: 0, closed: true });
      expect(await readRun(as, runId)).toMatchObject({ status: "cancelled" });
      await expect.poll(async () => (await gatewayCalls(runId))[0]?.open).toBe(false);
      expect((await gatewayCalls(runId))[0]).toMatchObject({ clientClosedEarly: true });
      expect((await call("POST", `/api/v1/ai/runs/${runId}/cancel`, { as })).status).toBe(200);
      await expectBilledOnce(as, runId);
    },
  );

  it("a stop before headers owes an unknown receipt, which charges nothing", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, { message: "[[stall:headers]]" });
    await expect.poll(async () => (await gatewayCalls(runId)).length).toBe(1);
    await call("POST", `/api/v1/ai/runs/${runId}/cancel`, { as });
    expect((await finish(as, runId)).books).toMatchObject({ unknown: 1, settled: 0 });
    const { receipts } = await expectBilledOnce(as, runId);
    expect(receipts).toMatchObject([{ settlement: "unknown", chargedCredits: 0 }]);
    expect(await readRun(as, runId)).toMatchObject({ billing: "reconciling" });
  });

  it("a stop in the middle owes an estimate of what was sent and shown", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, { message: "[[tokens:9]] [[stall:3]]" });
    const viewer = await watch(as, runId);
    await viewer.sees("text_delta");
    await call("POST", `/api/v1/ai/runs/${runId}/cancel`, { as });
    expect((await viewer.settled()).books).toMatchObject({ settled: 1, unknown: 0 });
    const { receipts, charged } = await expectBilledOnce(as, runId);
    expect(receipts).toMatchObject([{ settlement: "estimated", provenance: "estimate" }]);
    expect(charged).toBeGreaterThan(0);
    await expectReconciled(as, runId);
  });
});
