import { expect } from "vitest";
import { chargeCredits } from "../../../src/base/money.ts";
import type { RunEvent } from "../../../src/ports/ai-event.ts";
import { loggedUsage } from "./spend-log.ts";
import { firstBalance, type World } from "./world.ts";

/** A receipt with its corrections. */
interface Receipt {
  unit: string;
  attempt: number;
  settlement: string;
  cost: string;
  charged: number;
}

type CallRow = {
  call_id: string;
  attempt: number;
  state: string;
  charged_credits: number;
};

const callPrice = chargeCredits(loggedUsage.costUsd, 10_000);

/** What must hold of a run that has come to rest, whatever happened to it. */
export function expectTrueBooks(world: World): void {
  const { d1, gateway, storage } = world;
  const receipts = d1.all<Receipt>(
    `SELECT r.usage_unit_id AS unit, r.attempt, coalesce(c.settlement, r.settlement) AS settlement,
       coalesce(c.cost_usd, r.cost_usd) AS cost, r.charged_credits + coalesce((
         SELECT sum(p.charged_delta) FROM receipt_corrections p WHERE p.receipt_id = r.id), 0) AS charged
     FROM charge_receipts r LEFT JOIN receipt_corrections c ON c.id = (
       SELECT max(p.id) FROM receipt_corrections p WHERE p.receipt_id = r.id)`,
  );
  const namesOf = (call: { unitId: string; dispatchId: string }) => [
    call.unitId,
    `dispatch:${call.dispatchId}`,
  ];
  for (const call of gateway.calls) {
    const own = receipts.filter((receipt) => namesOf(call).includes(receipt.unit));
    expect(own.length, `receipts of ${call.unitId}`).toBe(call.answered ? 1 : own.length);
    expect(own.length).toBeLessThanOrEqual(1);
    // After its end a run was held against the gateway's log: nothing is left open, and costs are the log's.
    const cost = call.answered ? loggedUsage.costUsd : "0";
    for (const receipt of own) expect(receipt).toMatchObject({ settlement: "final", cost });
  }
  const known = new Set(gateway.calls.flatMap(namesOf));
  for (const receipt of receipts) {
    // A death between the intent and the request leaves a receipt for a call the gateway never saw: it costs nothing.
    if (known.has(receipt.unit)) continue;
    expect(receipt).toMatchObject({ settlement: "final", cost: "0", charged: 0 });
  }

  const calls = storage.sql
    .exec<CallRow>("SELECT call_id, attempt, state, charged_credits FROM calls ORDER BY ordinal")
    .toArray();
  const settled = new Set<string>();
  for (const call of calls) {
    expect(settled.has(call.call_id), "a settled call is never sent again").toBe(false);
    if (call.state === "settled") settled.add(call.call_id);
    expect(["intent", "dispatched"]).not.toContain(call.state);
  }

  for (const call of calls) {
    const paid = calls.filter(
      ({ call_id, attempt, charged_credits }) =>
        call_id === call.call_id && attempt === call.attempt && charged_credits > 0,
    );
    const isUsed = gateway.calls.some(
      ({ callId, endUser, answered }) =>
        answered && callId === call.call_id && endUser.endsWith(`/${call.attempt}`),
    );
    expect(paid.length, "what was asked once and used is paid once").toBe(isUsed ? 1 : 0);
    if (call.state === "settled") expect(call.charged_credits).toBe(callPrice);
    else expect([0, callPrice]).toContain(call.charged_credits);
  }
  expectBooksAgree(world, calls);

  const charged = receipts.reduce((sum, receipt) => sum + receipt.charged, 0);
  const [account] = d1.all<{ balance: number; held: number; active: number }>(
    "SELECT balance_credits AS balance, held_credits AS held, active_runs AS active FROM billing_accounts",
  );
  expect(account).toEqual({ balance: firstBalance - charged, held: 0, active: 0 });
}

/** The run's journal, its view and its row in D1 say the same, and nothing in them is unknown any more. */
function expectBooksAgree({ d1, life, start }: World, calls: readonly CallRow[]): void {
  const view = life.view(start.context.billingAccountId);
  const [row] = d1.all<{ books: string; charged: number; reconciling: number }>(
    "SELECT books, charged_credits AS charged, reconciling FROM graph_runs",
  );
  expect(JSON.parse(row?.books ?? "null")).toEqual(view?.books);
  expect(view).toMatchObject({ books: { unknown: 0, open: 0, closed: true } });
  expect(row).toMatchObject({ charged: view?.chargedCredits, reconciling: 0 });
  expect(calls.reduce((sum, call) => sum + call.charged_credits, 0)).toBe(view?.chargedCredits);
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
