import { expect } from "vitest";
import type { RunEvent } from "../../../src/ports/ai-event.ts";
import { firstBalance, type World } from "./world.ts";

interface Receipt {
  usage_unit_id: string;
  settlement: string;
  charged_credits: number;
}

type CallRow = {
  call_id: string;
  dispatch: number;
  dispatch_id: string;
  state: string;
};

/** What must hold of a run that has come to rest, whatever happened to it. */
export function expectTrueBooks(world: World): void {
  const { d1, gateway, storage } = world;
  const receipts = d1.all<Receipt>(
    "SELECT usage_unit_id, settlement, charged_credits FROM charge_receipts",
  );
  const namesOf = (call: { unitId: string; dispatchId: string }) => [
    call.unitId,
    `dispatch:${call.dispatchId}`,
  ];
  for (const call of gateway.calls) {
    const own = receipts.filter((receipt) => namesOf(call).includes(receipt.usage_unit_id));
    expect(own.length, `receipts of ${call.unitId}`).toBe(call.answered ? 1 : own.length);
    expect(own.length).toBeLessThanOrEqual(1);
  }
  const known = new Set(gateway.calls.flatMap(namesOf));
  for (const receipt of receipts) {
    // A death between the intent and the request leaves a receipt for a call the gateway never saw: it costs nothing.
    if (known.has(receipt.usage_unit_id)) continue;
    expect(receipt).toMatchObject({ settlement: "unknown", charged_credits: 0 });
  }

  const calls = storage.sql
    .exec<CallRow>("SELECT call_id, dispatch, dispatch_id, state FROM calls ORDER BY ordinal")
    .toArray();
  const settled = new Set<string>();
  for (const call of calls) {
    expect(settled.has(call.call_id), "a settled call is never sent again").toBe(false);
    if (call.state === "settled") settled.add(call.call_id);
    expect(["intent", "dispatched"]).not.toContain(call.state);
  }

  const charged = receipts.reduce((sum, receipt) => sum + receipt.charged_credits, 0);
  const [account] = d1.all<{ balance: number; held: number; active: number }>(
    "SELECT balance_credits AS balance, held_credits AS held, active_runs AS active FROM billing_accounts",
  );
  expect(account).toEqual({ balance: firstBalance - charged, held: 0, active: 0 });
}

/** The log has no gaps, viewers were sent what it holds, and its last answer is the run's output. */
export function expectTrueLog(world: World): void {
  const rows = world.storage.sql
    .exec<{ seq: number; event: string }>("SELECT seq, event FROM events ORDER BY seq")
    .toArray();
  expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
  const stored = new Map(rows.map(({ seq, event }) => [seq, event]));
  for (const { seq, json } of world.published) expect(json).toBe(stored.get(seq));

  const events = rows.map(({ event }) => JSON.parse(event) as RunEvent);
  const texts = new Map<string, string>();
  const tools = new Set<string>();
  for (const [index, event] of events.entries()) {
    if (event.type === "text_reset") texts.set(event.messageId, "");
    if (event.type === "text_delta") {
      texts.set(event.messageId, (texts.get(event.messageId) ?? "") + event.delta);
    }
    if (event.type === "tool_call_start" || event.type === "tool_call_result") {
      const name = `${event.type} ${event.toolCallId}`;
      expect(tools.has(name), name).toBe(false);
      tools.add(name);
    }
    if (event.type === "assistant_final") {
      expect(texts.get(event.messageId)).toBe(event.content);
      expect(events[index + 1]?.type).toBe("done");
    }
    const next = events[index + 1]?.type;
    if (event.type === "done") expect([undefined, "run_started"]).toContain(next);
  }
}
