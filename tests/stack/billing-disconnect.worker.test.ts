import { describe, expect, it } from "vitest";
import { expectBilledOnce, newAccount, readRun, startRun, watch } from "./product.ts";

const message = "[[tokens:60]] [[delay:4]]";

describe("billing does not depend on viewers", () => {
  it("text, receipts and charge are the same when the socket closes after the first token", async () => {
    const [watched, left] = [await newAccount(), await newAccount()];
    const [seen, alone] = [await startRun(watched, { message }), await startRun(left, { message })];
    const stays = await watch(watched, seen.runId);
    const leaves = await watch(left, alone.runId);
    await leaves.sees("text_delta");
    leaves.socket.close(1000);
    await stays.settled();
    const late = await watch(left, alone.runId);
    await late.settled();
    expect(late.text).toBe(stays.text);
    expect((await readRun(left, alone.runId)).output).toBe(
      (await readRun(watched, seen.runId)).output,
    );
    const [a, b] = [
      await expectBilledOnce(watched, seen.runId),
      await expectBilledOnce(left, alone.runId),
    ];
    expect(a.charged).toBe(b.charged);
    expect(a.charged).toBeGreaterThan(0);
    expect(b.receipts).toHaveLength(1);
  });

  it("a run that nobody ever watches ends and bills", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, { message });
    await expect
      .poll(async () => (await readRun(as, runId)).billing, { timeout: 10_000 })
      .toBe("settled");
    const { receipts } = await expectBilledOnce(as, runId);
    expect(receipts).toHaveLength(1);
  });

  it("a viewer that comes back with any cursor reads the same text without gap or double", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, { message });
    const first = await watch(as, runId);
    await first.settled();
    for (const { seq } of first.events) {
      const viewer = await watch(as, runId, seq);
      await viewer.settled();
      expect([...first.events.slice(0, seq), ...viewer.events]).toEqual(first.events);
    }
  });
});
