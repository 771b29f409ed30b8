import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { composeTick } from "../../src/compose.ts";
import { runTick } from "../../src/schedules/tick.ts";
import {
  call,
  type Account,
  expectBilledOnce,
  finish,
  json,
  newAccount,
  readReceipts,
  readRun,
  type RunRecord,
  startRun,
} from "./product.ts";

const minuteMs = 60_000;

async function everyMinute(as: Account, body: Record<string, unknown> = {}) {
  const response = await call("POST", "/api/v1/schedules", {
    as,
    body: {
      name: "Morning poem",
      graphId: "langgraph:poet",
      message: "hello",
      cron: "* * * * *",
      timezone: "UTC",
      overlap: "skip",
      catchUp: "one",
      enabled: true,
      ...body,
    },
  });
  expect(response.status, await response.clone().text()).toBe(201);
  return json<{ scheduleId: string; nextRunAt: string }>(response);
}

/** Fires what is due at that time, through the very function that the cron handler calls. */
function tickAt(iso: string) {
  return runTick(env, { ...composeTick(env), clock: { now: () => Date.parse(iso) + 1_000 } });
}

async function runsOf(as: Account, scheduleId: string) {
  const response = await call("GET", `/api/v1/schedules/${scheduleId}/runs`, { as });
  return (await json<{ items: (RunRecord & { runId: string; scheduledFor: string })[] }>(response))
    .items;
}

describe("a scheduled run is billed like a chat run", () => {
  it("leaves receipts of the same structure, kind llm, posted by the same event", async () => {
    const as = await newAccount();
    const { scheduleId, nextRunAt } = await everyMinute(as);
    await tickAt(nextRunAt);
    const [scheduled] = await runsOf(as, scheduleId);
    expect(scheduled).toMatchObject({ trigger: "schedule", scheduledFor: nextRunAt });
    const scheduledId = scheduled?.runId ?? "";
    await finish(as, scheduledId);
    const { receipts, answered } = await expectBilledOnce(as, scheduledId);
    expect(answered).toHaveLength(1);

    const chat = await startRun(as, { message: "hello" });
    await finish(as, chat.runId);
    const [ofChat] = await readReceipts(as, chat.runId);
    const [ofSchedule] = receipts;
    expect(ofSchedule).toMatchObject({
      receiptKind: "llm",
      trigger: "schedule",
      settlement: "final",
    });
    expect(Object.keys(ofSchedule ?? {})).toEqual(Object.keys(ofChat ?? {}));
    const own = new Set([
      "receiptId",
      "sourceReference",
      "usageUnitId",
      "providerCallId",
      "runId",
      "requestId",
      "trigger",
      "createdAt",
    ]);
    for (const [field, value] of Object.entries(ofSchedule ?? {})) {
      if (!own.has(field)) expect([field, value]).toEqual([field, ofChat?.[field]]);
    }
  });

  it("runs a slot once, however often and however concurrently its tick comes", async () => {
    const as = await newAccount();
    const { scheduleId, nextRunAt } = await everyMinute(as);
    await Promise.all([tickAt(nextRunAt), tickAt(nextRunAt), tickAt(nextRunAt)]);
    await tickAt(nextRunAt);
    const runs = await runsOf(as, scheduleId);
    expect(runs).toHaveLength(1);
    await finish(as, runs[0]?.runId ?? "");
    const { answered } = await expectBilledOnce(as, runs[0]?.runId ?? "");
    expect(answered).toHaveLength(1);
  });

  it("shows both triggers on the activity page's figures", async () => {
    const as = await newAccount();
    const { scheduleId, nextRunAt } = await everyMinute(as);
    await tickAt(nextRunAt);
    const [scheduled] = await runsOf(as, scheduleId);
    const chat = await startRun(as, {});
    await finish(as, scheduled?.runId ?? "");
    await finish(as, chat.runId);
    const to = new Date(Date.now() + 10 * minuteMs).toISOString();
    const from = new Date(Date.now() - 3_600_000).toISOString();
    const query = `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}&step=1h&groupBy=trigger`;
    const activity = await json<{
      totals: { chargedCredits: number; runs: number; calls: number };
      series: { key: string }[];
    }>(await call("GET", `/api/v1/activity?${query}`, { as }));
    expect(activity.totals).toMatchObject({ runs: 2, calls: 2 });
    expect(activity.series.map(({ key }) => key).toSorted()).toEqual(["api", "schedule"]);
    const [a, b] = [await readRun(as, chat.runId), await readRun(as, scheduled?.runId ?? "")];
    expect(activity.totals.chargedCredits).toBe(a.chargedCredits + b.chargedCredits);
  });

  it("records a slot without credit as skipped, and pauses after three", async () => {
    const as = await newAccount(5_000);
    const { scheduleId, nextRunAt } = await everyMinute(as, { graphId: "langgraph:poet" }).catch(
      () => ({ scheduleId: "", nextRunAt: "" }),
    );
    expect(scheduleId).not.toBe("");
    for (let slot = 0; slot < 3; slot++) {
      const at = Date.parse(nextRunAt) + slot * minuteMs;
      await tickAt(new Date(at).toISOString());
    }
    const runs = await runsOf(as, scheduleId);
    expect(runs).toHaveLength(3);
    for (const run of runs) {
      expect(run).toMatchObject({ status: "skipped", errorCode: "insufficient_credits" });
    }
    const schedule = await json<{ enabled: boolean; pausedReason: string | null }>(
      await call("GET", `/api/v1/schedules/${scheduleId}`, { as }),
    );
    expect(schedule.enabled).toBe(false);
    expect(schedule.pausedReason).not.toBeNull();
  });
});
