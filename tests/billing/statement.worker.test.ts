import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { newId } from "../../src/base/ids.ts";
import { commitUsageFacts, finishRun } from "../../src/billing/billing.ts";
import { addCredits } from "../../src/billing/credits.ts";
import { receiptIdOf, sourceReference } from "../../src/billing/pricing.ts";
import { activityCsv, activityRows } from "../../src/billing/statement-activity-rows.ts";
import { activity, type ActivityWish } from "../../src/billing/statement-activity.ts";
import { deleteThread, getThread, listThreads } from "../../src/threads/threads.ts";
import {
  accountStatement,
  getRunRow,
  listLedger,
  listReceipts,
  listRuns,
} from "../../src/billing/statement.ts";
import type { Page } from "../../src/base/paging.ts";
import type { StartRun } from "../../src/ports/run.ts";
import {
  admit,
  depsOf,
  finishOf,
  makeFact,
  makeHolder,
  makeRun,
  makeStart,
  t0,
  type Holder,
} from "./ledger-fixture.ts";

const db = env.DB;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const nobody = { accountId: "acct_none", limit: 20 };

/** Reads a list page by page to its end. */
async function readAll<Item>(
  read: (cursor: string | undefined) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}

async function runAt(
  holder: Holder,
  now: number,
  changes: Partial<StartRun> = {},
): Promise<StartRun> {
  const start = makeStart(holder, changes);
  expect(await admit(start, 0, now)).toMatchObject({ kind: "admitted" });
  return start;
}

async function chargeAt(run: StartRun, at: number, costUsd = "0.0001"): Promise<string> {
  const fact = makeFact(run, { occurredAt: new Date(at).toISOString(), costUsd });
  await commitUsageFacts(depsOf(), [fact]);
  return receiptIdOf(fact.source, sourceReference(fact));
}

describe("an account's statement", () => {
  it("says what there is, what is held and what is left", async () => {
    const holder = await makeHolder(10_000);
    await makeRun(holder, 3_000);
    expect(await accountStatement(db, holder.accountId)).toEqual({
      accountId: holder.accountId,
      name: "Test",
      balanceCredits: 10_000,
      heldCredits: 3_000,
      availableCredits: 7_000,
      caps: { maxCreditsPerDay: null, maxCreditsPerMonth: null },
    });
    expect(await accountStatement(db, "acct_none")).toBeNull();
  });

  it("lists every movement, newest first, with the balance after it", async () => {
    const holder = await makeHolder(10_000);
    const run = await makeRun(holder);
    const receiptId = await chargeAt(run, t0);
    const refund = { credits: 200, reason: "refund", reference: "r", receiptId } as const;
    await addCredits(depsOf(), { accountId: holder.accountId, ...refund });
    const { accountId } = holder;
    const entries = await readAll((cursor) => listLedger(db, { accountId, limit: 1, cursor }));
    expect(entries).toMatchObject([
      {
        reason: "refund",
        amountCredits: 200,
        balanceAfterCredits: 9_200,
        receiptId,
        reference: "r",
      },
      { reason: "charge", amountCredits: -1_000, balanceAfterCredits: 9_000, receiptId },
      { reason: "top_up", amountCredits: 10_000, balanceAfterCredits: 10_000, receiptId: null },
    ]);
    expect((await listLedger(db, nobody)).items).toEqual([]);
  });
});

describe("runs", () => {
  it("are listed newest first, each once, also those of one moment and while new ones come", async () => {
    const holder = await makeHolder(10_000);
    const made: string[] = [];
    for (const now of [t0, t0, t0, t0 + 1, t0 + 2])
      made.push((await runAt(holder, now)).context.runId);
    const { accountId } = holder;
    const first = await listRuns(db, { accountId, limit: 2 });
    await runAt(holder, t0 + 3);
    const rest = await readAll((cursor) =>
      listRuns(db, { accountId, limit: 2, cursor: cursor ?? first.nextCursor ?? "" }),
    );
    const seen = [...first.items, ...rest];
    expect(seen.map(({ id }) => id).toSorted()).toEqual(made.toSorted());
    expect(seen.map(({ createdAt }) => createdAt)).toEqual([t0 + 2, t0 + 1, t0, t0, t0]);
  });

  it("can be picked by status, graph, trigger, thread and schedule", async () => {
    const holder = await makeHolder(10_000);
    const { accountId } = holder;
    const plain = await runAt(holder, t0);
    await finishRun(depsOf(), finishOf(plain, 2));
    const base = makeStart(holder);
    const context = {
      ...base.context,
      graphId: "langgraph:research",
      trigger: "schedule" as const,
    };
    const other = await runAt(holder, t0, { context, scheduleId: "sch_9" });
    const pick = async (filters: object) =>
      (await listRuns(db, { accountId, limit: 20, ...filters })).items.map(({ id }) => id);
    expect(await pick({ status: "success" })).toEqual([plain.context.runId]);
    expect(await pick({ graphId: "langgraph:research" })).toEqual([other.context.runId]);
    expect(await pick({ trigger: "schedule" })).toEqual([other.context.runId]);
    expect(await pick({ threadId: plain.threadId })).toEqual([plain.context.runId]);
    expect(await pick({ scheduleId: "sch_9" })).toEqual([other.context.runId]);
    expect(await pick({ status: "error" })).toEqual([]);
  });

  it("are there for their own account only", async () => {
    const run = await makeRun(await makeHolder(10_000));
    const stranger = await makeHolder(0);
    const { runId, billingAccountId } = run.context;
    await chargeAt(run, t0);
    expect(await getRunRow(db, billingAccountId, runId)).toMatchObject({
      id: runId,
      model: "demo/small",
    });
    expect(await getRunRow(db, stranger.accountId, runId)).toBeNull();
    expect(await listReceipts(db, billingAccountId, runId)).toHaveLength(1);
    expect(await listReceipts(db, stranger.accountId, runId)).toEqual([]);
  });
});

describe("receipts", () => {
  it("show what was posted and what is effective now", async () => {
    const run = await makeRun(await makeHolder(10_000));
    const { billingAccountId: accountId, runId } = run.context;
    const receiptId = await chargeAt(run, t0);
    const plain = { settlement: "final", costUsd: "0.0001", chargedCredits: 1_000 };
    expect(await listReceipts(db, accountId, runId)).toMatchObject([
      { ...plain, effective: plain },
    ]);
    for (const reference of ["one", "two"]) {
      await addCredits(depsOf(), {
        accountId,
        credits: 100,
        reason: "refund",
        reference,
        receiptId,
      });
    }
    expect(await listReceipts(db, accountId, runId)).toMatchObject([
      { ...plain, effective: { ...plain, chargedCredits: 800 } },
    ]);
  });

  it("list their corrections in order, and say where the figure comes from by now", async () => {
    const run = await makeRun(await makeHolder(10_000));
    const { billingAccountId: accountId, runId } = run.context;
    const cut = makeFact(run, { settlement: "estimated", provenance: "estimate" });
    const whole = makeFact(run);
    await commitUsageFacts(depsOf(), [cut, whole]);
    const receiptId = receiptIdOf(cut.source, sourceReference(cut));
    const refund = { accountId, credits: 300, reason: "refund", reference: "sorry" } as const;
    await addCredits(depsOf(), { ...refund, receiptId });
    const log = { settlement: "final", provenance: "gateway_log" } as const;
    const told = { ...cut, ...log, inputTokens: 11, outputTokens: 7, costUsd: "0.00008" };
    await commitUsageFacts(depsOf(), [told]);

    const receipts = await listReceipts(db, accountId, runId);
    const corrected = receipts.find(({ id }) => id === receiptId);
    expect(corrected?.effective).toEqual({
      ...{ ...log, costUsd: "0.00008", chargedCredits: 500 },
      ...{ inputTokens: 11, outputTokens: 7 },
    });
    expect(corrected?.corrections).toEqual([
      {
        id: expect.any(Number),
        reason: "refund",
        reference: "sorry",
        settlement: "estimated",
        provenance: "estimate",
        inputTokens: 10,
        outputTokens: 20,
        costUsd: "0.0001",
        chargedDelta: -300,
        createdAt: t0,
      },
      {
        ...log,
        id: expect.any(Number),
        reason: "correction",
        reference: expect.stringMatching(/^gateway_log:/),
        inputTokens: 11,
        outputTokens: 7,
        costUsd: "0.00008",
        chargedDelta: -200,
        createdAt: t0,
      },
    ]);
    const untouched = receipts.find(({ id }) => id !== receiptId);
    expect(untouched).toMatchObject({ corrections: [], effective: { provenance: "usage" } });
    const range = { accountId, from: t0, to: t0 + 1, limit: 20 };
    const { items } = await activityRows(db, range);
    expect(items.map(({ run: _run, ...receipt }) => receipt)).toEqual(receipts.toReversed());
  });
});

describe("threads", () => {
  it("are listed by last use, searched by title, and shown with their messages", async () => {
    const holder = await makeHolder(10_000);
    const { accountId } = holder;
    const older = await runAt(holder, t0, { threadTitle: "About 100% wool" });
    const newer = await runAt(holder, t0 + 1, { threadTitle: "Über_Sätze" });
    await finishRun(depsOf(), finishOf(older, 2, { assistantMessage: "hi" }));
    const ids = async (q?: string) =>
      (await readAll((cursor) => listThreads(db, { accountId, limit: 1, cursor, q }))).map(
        (t) => t.threadId,
      );
    expect(await ids()).toEqual([newer.threadId, older.threadId]);
    expect(await ids("wool")).toEqual([older.threadId]);
    expect(await ids("WOOL")).toEqual([older.threadId]);
    expect(await ids("0%")).toEqual([older.threadId]);
    expect(await ids("r_s")).toEqual([newer.threadId]);
    expect(await ids("%' OR 1=1 --")).toEqual([]);
    await runAt(holder, t0 + 5_000, { threadId: older.threadId, isNewThread: false });
    expect(await ids()).toEqual([older.threadId, newer.threadId]);
    expect(await getThread(db, accountId, older.threadId)).toMatchObject({
      title: "About 100% wool",
      messages: [
        { role: "user", content: "hello", runId: older.context.runId },
        { role: "assistant", content: "hi", runId: older.context.runId },
        { role: "user", content: "hello" },
      ],
    });
  });

  it("of schedules are listed on demand, and as any other once a person writes there", async () => {
    const holder = await makeHolder(10_000);
    const { accountId } = holder;
    const chat = await runAt(holder, t0, { threadTitle: "Weather at sea" });
    const bySchedule = () => ({
      context: { ...makeStart(holder).context, trigger: "schedule" as const },
    });
    const titled = { threadTitle: "Weather, daily", ...bySchedule() };
    const { threadId, context } = await runAt(holder, t0 + 1, titled);
    await finishRun(depsOf(), finishOf({ ...chat, context, threadId }, 2));
    const ids = async (wish: { q?: string; withScheduled?: boolean } = {}) =>
      (await readAll((cursor) => listThreads(db, { accountId, limit: 1, cursor, ...wish }))).map(
        (thread) => thread.threadId,
      );
    for (const q of ["", "weather"]) {
      expect(await ids({ q })).toEqual([chat.threadId]);
      expect(await ids({ q, withScheduled: true })).toEqual([threadId, chat.threadId]);
    }
    expect(await getThread(db, accountId, threadId)).toMatchObject({ title: "Weather, daily" });

    const answered = await runAt(holder, t0 + 2, { threadId, isNewThread: false });
    expect(await ids()).toEqual([threadId, chat.threadId]);
    await finishRun(depsOf(), finishOf(answered, 2));
    await runAt(holder, t0 + 3, { threadId, isNewThread: false, ...bySchedule() });
    expect(await ids()).toEqual([threadId, chat.threadId]);
  });

  it("of schedules are passed over by the index, not read one by one", async () => {
    const { results } = await db
      .prepare(
        `EXPLAIN QUERY PLAN SELECT id FROM threads WHERE billing_account_id = 'a'
           AND (trigger = 'schedule') = 0 ORDER BY updated_at DESC, id DESC LIMIT 20`,
      )
      .all<{ detail: string }>();
    expect(results.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/threads_account \(billing_account_id=\? AND <expr>=\?\)/),
    ]);
  });

  it("are read and deleted by their own account only, and leave runs and receipts", async () => {
    const run = await makeRun(await makeHolder(10_000));
    const { billingAccountId: accountId, runId } = run.context;
    await chargeAt(run, t0);
    const stranger = await makeHolder(0);
    expect(await getThread(db, stranger.accountId, run.threadId)).toBeNull();
    expect(await deleteThread(db, stranger.accountId, run.threadId)).toBe(false);
    expect((await getThread(db, accountId, run.threadId))?.messages).toHaveLength(1);
    expect(await deleteThread(db, accountId, run.threadId)).toBe(true);
    expect(await deleteThread(db, accountId, run.threadId)).toBe(false);
    expect(await getThread(db, accountId, run.threadId)).toBeNull();
    expect(await listReceipts(db, accountId, runId)).toHaveLength(1);
    expect(await getRunRow(db, accountId, runId)).not.toBeNull();
  });
});

describe("activity", () => {
  const midnight = Date.UTC(2026, 4, 4);
  const wish = (holder: Holder, changes: Partial<ActivityWish> = {}): ActivityWish => ({
    accountId: holder.accountId,
    from: midnight,
    to: midnight + 3 * dayMs,
    step: "1d",
    timeZone: "UTC",
    groupBy: "model",
    ...changes,
  });

  it("fills empty days with zeros, and counts [from, to)", async () => {
    const holder = await makeHolder(100_000);
    const run = await runAt(holder, midnight);
    for (const at of [midnight - 1, midnight, midnight + 2 * dayMs, midnight + 3 * dayMs]) {
      await chargeAt(run, at);
    }
    await finishRun(depsOf(), finishOf(run, 2, { finishedAt: midnight + 2 * dayMs + 5 }));
    const point = { chargedCredits: 1_000, calls: 1, inputTokens: 10, outputTokens: 20 };
    const empty = { chargedCredits: 0, calls: 0, inputTokens: 0, outputTokens: 0 };
    expect(await activity(db, wish(holder), t0)).toEqual({
      from: "2026-05-04T00:00:00.000Z",
      to: "2026-05-07T00:00:00.000Z",
      step: "1d",
      totals: { chargedCredits: 2_000, calls: 2, inputTokens: 20, outputTokens: 40, runs: 1 },
      series: [
        {
          key: "demo/small",
          points: [
            { at: "2026-05-04T00:00:00.000Z", ...point },
            { at: "2026-05-05T00:00:00.000Z", ...empty },
            { at: "2026-05-06T00:00:00.000Z", ...point },
          ],
        },
      ],
    });
  });

  it("is exact to the millisecond at edges that are no whole hour", async () => {
    const holder = await makeHolder(100_000);
    const run = await runAt(holder, midnight);
    const from = midnight + 17 * 60_000;
    const to = midnight + 26 * hourMs + 5;
    const inside = [from, from + 1, midnight + hourMs, midnight + dayMs, to - 1];
    for (const at of [...inside, from - 1, to, to + hourMs]) await chargeAt(run, at);
    await finishRun(depsOf(), finishOf(run, 2, { finishedAt: to - 1 }));
    for (const step of ["1h", "6h", "1d"] as const) {
      const { totals, series } = await activity(db, wish(holder, { from, to, step }), t0);
      expect(totals).toMatchObject({
        calls: inside.length,
        chargedCredits: inside.length * 1_000,
        runs: 1,
      });
      const sum = series[0]?.points.reduce((calls, point) => calls + point.calls, 0);
      expect(sum).toBe(inside.length);
    }
    const before = await activity(db, wish(holder, { from: from - 5, to: from }), t0);
    expect(before.totals).toMatchObject({ calls: 1, runs: 0 });
  });

  it("puts days where the zone has them, half hours and all", async () => {
    const holder = await makeHolder(100_000);
    const run = await runAt(holder, midnight);
    const kolkataMidnight = Date.UTC(2026, 4, 3, 18, 30);
    for (const at of [kolkataMidnight - 1, kolkataMidnight, kolkataMidnight + dayMs - 1])
      await chargeAt(run, at);
    const range = {
      from: kolkataMidnight - dayMs,
      to: kolkataMidnight + dayMs,
      timeZone: "Asia/Kolkata",
    };
    const { series } = await activity(db, wish(holder, range), t0);
    expect(series[0]?.points).toMatchObject([
      { at: "2026-05-02T18:30:00.000Z", calls: 1 },
      { at: "2026-05-03T18:30:00.000Z", calls: 2 },
    ]);
  });

  it("groups and filters by model, graph and trigger, the dearest series first", async () => {
    const holder = await makeHolder(100_000);
    const cheap = await runAt(holder, midnight);
    const base = makeStart(holder);
    const context = { ...base.context, graphId: "langgraph:research", trigger: "api" as const };
    const dear = await runAt(holder, midnight, { context, model: "demo/large" });
    await chargeAt(cheap, midnight);
    await chargeAt(dear, midnight, "0.001");
    const keys = async (changes: Partial<ActivityWish>) =>
      (await activity(db, wish(holder, changes), t0)).series.map(({ key }) => key);
    expect(await keys({ groupBy: "model" })).toEqual(["demo/large", "demo/small"]);
    expect(await keys({ groupBy: "graphId" })).toEqual(["langgraph:research", "langgraph:poet"]);
    expect(await keys({ groupBy: "trigger" })).toEqual(["api", "chat"]);
    expect(await keys({ groupBy: "trigger", model: "demo/small" })).toEqual(["chat"]);
    expect(await keys({ graphId: "langgraph:research" })).toEqual(["demo/large"]);
    expect(await keys({ trigger: "webhook" })).toEqual([]);
  });

  it("shows corrections at the time of the call, from rollups and from edges alike", async () => {
    const holder = await makeHolder(100_000);
    const run = await runAt(holder, midnight);
    const receiptId = await chargeAt(run, midnight + 5);
    const credit = { credits: 300, reason: "refund", reference: "r", receiptId } as const;
    await addCredits(depsOf(), { accountId: holder.accountId, ...credit });
    for (const changes of [{}, { from: midnight + 5, to: midnight + 6 }]) {
      const { totals } = await activity(db, wish(holder, changes), t0);
      expect(totals).toMatchObject({
        chargedCredits: 700,
        calls: 1,
        inputTokens: 10,
        outputTokens: 20,
      });
    }
  });

  it("is the last seven days when nothing is asked for", async () => {
    const holder = await makeHolder(0);
    const { from, to } = await activity(db, wish(holder, { from: undefined, to: undefined }), t0);
    expect([from, to]).toEqual(["2026-04-28T00:00:00.000Z", "2026-05-05T00:00:00.000Z"]);
  });

  it.each([
    [{ to: midnight }, "`from` must lie before"],
    [{ timeZone: "Mars/Olympus" }, "time zone"],
    [{ step: "1h", to: midnight + 401 * hourMs }, "400 points"],
  ] as [Partial<ActivityWish>, string][])(
    "refuses what cannot be drawn: %o",
    async (changes, message) => {
      const asked = activity(db, wish({ accountId: "acct_none", virtualKeyId: "" }, changes), t0);
      await expect(asked).rejects.toMatchObject({
        name: "InvalidInput",
        message: expect.stringContaining(message),
      });
    },
  );

  it("lists receipts with their run, newest first, each once", async () => {
    const holder = await makeHolder(100_000);
    const run = await runAt(holder, midnight);
    const made: string[] = [];
    for (const at of [midnight, midnight, midnight, midnight + 1, midnight + dayMs]) {
      made.push(await chargeAt(run, at));
    }
    const range = { accountId: holder.accountId, from: midnight, to: midnight + dayMs };
    const rows = await readAll((cursor) => activityRows(db, { ...range, limit: 2, cursor }));
    expect(rows.map(({ id }) => id).toSorted()).toEqual(made.slice(0, 4).toSorted());
    expect(rows[0]).toMatchObject({
      createdAt: midnight + 1,
      run: { status: "running", threadId: run.threadId, scheduleId: null },
      effective: { chargedCredits: 1_000 },
    });
    const none = await activityRows(db, { ...range, limit: 2, model: "other" });
    expect(none).toEqual({ items: [], nextCursor: null });
  });

  it("gives the same rows as CSV, in which no cell is a formula", async () => {
    const holder = await makeHolder(100_000);
    const run = await runAt(holder, midnight);
    const unit = `=HYPERLINK("x"),${newId("call")}`;
    const fact = makeFact(run, { usageUnitId: unit, occurredAt: new Date(midnight).toISOString() });
    await commitUsageFacts(depsOf(), [fact]);
    let text = "";
    const range = { accountId: holder.accountId, from: midnight, to: midnight + 1 };
    for await (const part of activityCsv(db, range)) text += part;
    const [header, line, end] = text.split("\r\n");
    expect(header?.split(",")).toHaveLength(23);
    expect(line).toContain(`"'${unit.replaceAll('"', '""')}"`);
    expect(line).toMatch(/^2026-05-04T00:00:00\.000Z,rcpt_.*,0\.0001,1000$/);
    expect(end).toBe("");
  });

  it("reads a long CSV to its end, one page at a time", async () => {
    const holder = await makeHolder(100_000);
    const run = await runAt(holder, midnight);
    const facts = Array.from({ length: 1_001 }, () => makeFact(run, { costUsd: "0" }));
    await commitUsageFacts(depsOf(), facts);
    const units = new Set<string>();
    const range = { accountId: holder.accountId, from: t0, to: t0 + 1 };
    let parts = 0;
    for await (const part of activityCsv(db, range)) {
      parts += 1;
      for (const match of part.matchAll(/unit-\d+/g)) units.add(match[0]);
    }
    expect(units.size).toBe(1_001);
    expect(parts).toBe(4);
  });
});
