import { describe, expect, it } from "vitest";
import { commitUsageFacts } from "../../src/billing/billing.ts";
import { addCredits } from "../../src/billing/credits.ts";
import type { RunDispatch } from "../../src/billing/match-spend.ts";
import { looksSkippedWhenFinal, nextReconcileAt } from "../../src/billing/next-reconcile.ts";
import { receiptIdOf, sourceReference } from "../../src/billing/pricing.ts";
import { reconcileRun, type ReconcileOutcome } from "../../src/billing/reconcile.ts";
import { tokenCostUsd, createModelCatalog } from "../../src/completion/models.ts";
import type { SpendLog, SpendPage, SpendQuery, SpendRow } from "../../src/ports/spend-log.ts";
import type { UsageFact } from "../../src/ports/usage-fact.ts";
import { modelCatalog } from "../completion/setup.ts";
import { Books, expectBalanced, startedAt } from "./reconcile-fixture.ts";
import { RecordingLog } from "../logs.ts";

const minute = 60_000;
const endedAt = startedAt + minute;
const models = createModelCatalog(modelCatalog, true);
const unknown: Partial<UsageFact> = {
  ...{ settlement: "unknown", provenance: "estimate", costUsd: "0" },
  ...{ inputTokens: 0, outputTokens: 0 },
};
const estimated: Partial<UsageFact> = { settlement: "estimated", provenance: "estimate" };

class ListedSpendLog implements SpendLog {
  readonly source = "litellm";
  readonly queries: SpendQuery[] = [];
  rows: SpendRow[] = [];
  isDown = false;
  /** On each page. */
  unreadable = 0;

  async readPage(query: SpendQuery, page: number): Promise<SpendPage> {
    this.queries.push(query);
    if (this.isDown) return { kind: "unavailable", reason: "unreachable" };
    const rows = this.rows.filter(({ endUser }) => endUser === query.endUser);
    // One row a page, and each page begins with the last row of the page before.
    const next = page < rows.length ? page + 1 : null;
    const { unreadable } = this;
    return { kind: "page", rows: rows.slice(Math.max(0, page - 2), page), unreadable, next };
  }
}

type Dispatched = Omit<RunDispatch, "attempt"> & Partial<RunDispatch>;

/** A run whose calls were reported to the ledger, beside the gateway's own log of them. */
async function open(facts: Record<string, Partial<UsageFact>>, journal: Dispatched[] = []) {
  const dispatches = journal.map((dispatch) => ({ attempt: 0, ...dispatch }));
  const books = await Books.open(1_000_000);
  const spendLog = new ListedSpendLog();
  const log = new RecordingLog();
  await commitUsageFacts(
    books.deps(),
    Object.entries(facts).map(([unit, changes]) => books.fact(unit, changes)),
  );
  const { runId } = books.start.context;
  return {
    books,
    spendLog,
    log,
    row: (changes: Partial<SpendRow>): SpendRow => ({
      ...{ requestId: "chatcmpl-aaaaaaaaaaaaaaaa", callId: null, dispatchId: null, model: "paid" },
      ...{ endUser: `${runId}/0`, isFailure: false, costUsd: "0.0002", startedAt: null, raw: null },
      ...{ inputTokens: 11, outputTokens: 22, cacheReadTokens: 0, cacheWriteTokens: 0 },
      reasoningTokens: 0,
      ...changes,
    }),
    look: (afterMs = 5 * minute, attempt = 0): Promise<ReconcileOutcome> =>
      reconcileRun(
        {
          ...books.deps(log),
          clock: { now: () => endedAt + afterMs },
          spendLog,
          describeModel: (id) => {
            const entry = models.find(id);
            if (entry === null) return null;
            return { ...entry, costUsd: (counts) => tokenCostUsd(entry, counts) };
          },
        },
        {
          context: { ...books.start.context, attempt },
          ...{ executorType: "inproc", startedAt, endedAt, dispatches },
        },
      ),
  };
}

describe("reconciling a run", () => {
  it.each([
    ["our dispatch id", "dispatch:call_a-1", { dispatchId: "call_a-1" }],
    ["the gateway's call id", "call_a-1", { callId: "call_a-1" }],
    ["the id a failed answer has in its place", "call_a-1", { requestId: "call_a-1" }],
  ])("fills an unknown receipt by %s, once", async (_, unit, ids) => {
    const run = await open({ [unit]: unknown });
    run.spendLog.rows = [run.row(ids)];
    expect(await run.look()).toMatchObject({
      ...{ kind: "read", waiting: [], missing: [], isComplete: true },
      calls: [{ kind: "filled", chargedCredits: 2_500, fact: { usageUnitId: unit } }],
    });
    expect(await run.look()).toMatchObject({ kind: "read", calls: [], isComplete: true });
    expect(run.books.effective()[unit]).toMatchObject({ settlement: "final", charged: 2_500 });
    expectBalanced(run.books);
  });

  it("corrects an estimate by the provider's id where that is all there is", async () => {
    const providerCallId = "chatcmpl-aaaaaaaaaaaaaaaa";
    const run = await open({ u: { ...estimated, providerCallId } });
    run.spendLog.rows = [run.row({})];
    expect(await run.look()).toMatchObject({ calls: [{ kind: "corrected" }] });
    expect(run.books.effective()["u"]).toMatchObject({ costUsd: "0.0002", charged: 2_500 });
  });

  it("never puts a row to another dispatch's receipt, whatever else agrees", async () => {
    const providerCallId = "chatcmpl-aaaaaaaaaaaaaaaa";
    const run = await open({ "call_a-1": { ...estimated, providerCallId } });
    run.spendLog.rows = [run.row({ dispatchId: "call_b-1" })];
    expect(await run.look()).toMatchObject({ calls: [], refused: [{ usageUnitId: "call_b-1" }] });
    expect(run.books.effective()["call_a-1"]).toMatchObject({ settlement: "estimated" });
  });

  it("tells calls to which the gateway gave one id apart by the journal", async () => {
    const run = await open({ dup: estimated, "dup#1": unknown }, [
      { dispatchId: "call_a-1", callId: "call_a", usageUnitId: "dup" },
      { dispatchId: "call_b-1", callId: "call_b", usageUnitId: "dup#1" },
    ]);
    run.spendLog.rows = [
      run.row({ callId: "dup", dispatchId: "call_b-1", requestId: "r-b", costUsd: "0.0003" }),
      run.row({ callId: "dup", dispatchId: "call_a-1", requestId: "r-a", costUsd: "0.0001" }),
    ];
    await run.look();
    expect(run.books.effective()).toMatchObject({
      dup: { costUsd: "0.0001" },
      "dup#1": { costUsd: "0.0003" },
    });
  });

  it("gives a call without a receipt one, under the attempt that made it", async () => {
    const run = await open({});
    run.spendLog.rows = [run.row({ callId: "call_x-1", startedAt: "2026-11-21T12:00:30.000Z" })];
    expect(await run.look()).toMatchObject({
      calls: [{ kind: "found", fact: { attempt: 0, usageUnitId: "call_x-1" } }],
    });
    expect(await run.look()).toMatchObject({ calls: [], refused: [], missing: [] });
    expect(run.books.count("charge_receipts")).toBe(1);
    expect(run.books.balance).toBe(1_000_000 - 2_500);
  });

  it("charges every call that no journal knows of, though another one was charged before", async () => {
    const run = await open({});
    run.spendLog.rows = [run.row({ callId: "x-1", requestId: "r-1" })];
    await run.look();
    run.spendLog.rows.push(run.row({ callId: "x-2", requestId: "r-2" }));
    expect(await run.look()).toMatchObject({ calls: [{ kind: "found", chargedCredits: 2_500 }] });
    expect(run.books.balance).toBe(1_000_000 - 5_000);
  });

  it("makes nothing of a refused call: it used nothing and owes no receipt", async () => {
    const run = await open({});
    const none = { isFailure: true, costUsd: "0", inputTokens: 0, outputTokens: 0 };
    run.spendLog.rows = [run.row(none)];
    expect(await run.look()).toMatchObject({ calls: [], missing: [] });
    expect(run.books.count("charge_receipts")).toBe(0);
  });

  it("charges a call once, however often its host died: the dispatch that was answered pays", async () => {
    const run = await open({ "dispatch:call_a-1": unknown, "call_a-2": {} }, [
      {
        ...{ dispatchId: "call_a-1", callId: "call_a" },
        usageUnitId: "dispatch:call_a-1",
      },
      { dispatchId: "call_a-2", callId: "call_a", usageUnitId: "call_a-2" },
    ]);
    run.spendLog.rows = [
      run.row({ dispatchId: "call_a-1", requestId: "r-1", costUsd: "0.0007" }),
      run.row({ dispatchId: "call_a-2", requestId: "r-2", costUsd: "0.0001" }),
    ];
    expect(await run.look()).toMatchObject({ calls: [{ kind: "filled", chargedCredits: 0 }] });
    expect(run.books.effective()["dispatch:call_a-1"]).toMatchObject({
      ...{ settlement: "final", costUsd: "0.0007", charged: 0 },
    });
    expect(run.books.balance).toBe(1_000_000 - 1_250);
  });

  describe("a call that its host's death cut off twice", () => {
    const twice: Dispatched[] = [1, 2].map((n) => ({
      ...{ dispatchId: `call_a-${n}`, callId: "call_a" },
      usageUnitId: `dispatch:call_a-${n}`,
    }));
    const openTwice = () =>
      open({ "dispatch:call_a-1": unknown, "dispatch:call_a-2": unknown }, twice);

    it("is charged once, for the first dispatch that the log shows", async () => {
      const run = await openTwice();
      run.spendLog.rows = [
        run.row({ dispatchId: "call_a-1", requestId: "r-1" }),
        run.row({ dispatchId: "call_a-2", requestId: "r-2" }),
      ];
      await run.look();
      expect(run.books.effective()).toMatchObject({
        "dispatch:call_a-1": { charged: 2_500, costUsd: "0.0002" },
        "dispatch:call_a-2": { charged: 0, costUsd: "0.0002" },
      });
    });

    it.each([1, 2])("is charged though the log shows dispatch %i first", async (first) => {
      const run = await openTwice();
      const rows = [1, 2].map((n) =>
        run.row({ dispatchId: `call_a-${n}`, requestId: `r-${n}`, costUsd: `0.000${n}` }),
      );
      run.spendLog.rows = rows.slice(first - 1, first);
      await run.look();
      run.spendLog.rows = rows;
      await run.look(61 * minute);
      expect(run.books.effective()).toMatchObject({
        [`dispatch:call_a-${first}`]: { settlement: "final", charged: first * 1_250 },
        [`dispatch:call_a-${3 - first}`]: { settlement: "final", charged: 0 },
      });
    });

    it("is charged though the other dispatch never left", async () => {
      const run = await openTwice();
      run.spendLog.rows = [run.row({ dispatchId: "call_a-1" })];
      await run.look();
      await run.look(61 * minute);
      expect(run.books.effective()).toMatchObject({
        "dispatch:call_a-1": { charged: 2_500 },
        "dispatch:call_a-2": { settlement: "final", costUsd: "0", charged: 0 },
      });
    });

    it("is not charged a second time because the first charge was given back", async () => {
      const run = await openTwice();
      const { accountId } = run.books;
      run.spendLog.rows = [run.row({ dispatchId: "call_a-1", requestId: "r-1" })];
      await run.look();
      const fact = run.books.fact("dispatch:call_a-1");
      await addCredits(run.books.deps(), {
        ...{ accountId, credits: 2_500, reason: "refund", reference: "sorry" },
        receiptId: receiptIdOf(fact.source, sourceReference(fact)),
      });
      run.spendLog.rows.push(run.row({ dispatchId: "call_a-2", requestId: "r-2" }));
      await run.look();
      expect(run.books.effective()["dispatch:call_a-2"]).toMatchObject({ charged: 0 });
      expect(run.books.balance).toBe(1_000_000);
    });
  });

  it("charges what an earlier attempt asked, though its retry asks the same: that was asked twice", async () => {
    const dispatches: Dispatched[] = [
      { dispatchId: "call_a-1", callId: "call_a", usageUnitId: "call_a-1" },
      {
        ...{ dispatchId: "call_a-2", callId: "call_a", usageUnitId: "call_a-2" },
        attempt: 1,
      },
    ];
    const run = await open({ "call_a-1": unknown }, dispatches);
    run.spendLog.rows = [run.row({ dispatchId: "call_a-1" })];
    expect(await run.look()).toMatchObject({ calls: [{ kind: "filled", chargedCredits: 2_500 }] });
  });

  it("tells how every receipt stands now, the same at each look", async () => {
    const run = await open({ "dispatch:call_a-1": unknown, e: estimated, f: {} });
    run.spendLog.rows = [run.row({ callId: "e" })];
    const stand = [
      { usageUnitId: "dispatch:call_a-1", settlement: "final", isVoided: true, chargedCredits: 0 },
      { usageUnitId: "e", settlement: "final", isVoided: false, chargedCredits: 2_500 },
      { usageUnitId: "f", settlement: "final", isVoided: false, chargedCredits: 1_250 },
    ];
    for (let look = 1; look <= 2; look += 1) {
      const read = await run.look(61 * minute);
      const receipts = read.kind === "read" ? read.receipts : [];
      expect(receipts.toSorted((a, b) => a.usageUnitId.localeCompare(b.usageUnitId))).toMatchObject(
        stand,
      );
    }
  });

  it("waits for what the log does not show yet, and voids a dispatch that it never shows", async () => {
    const run = await open({ "dispatch:call_a-1": unknown, "call_b-1": unknown, e: estimated });
    const all = ["call_b-1", "dispatch:call_a-1", "e"];
    const early = await run.look(10 * minute);
    expect(early).toMatchObject({ calls: [], missing: [], isComplete: false });
    expect(early.kind === "read" ? early.waiting.toSorted() : null).toEqual(all);
    const late = await run.look(60 * minute);
    expect(late).toMatchObject({
      calls: [{ kind: "voided", fact: { usageUnitId: "dispatch:call_a-1", costUsd: "0" } }],
      ...{ waiting: [], isComplete: true },
    });
    expect(late.kind === "read" ? late.missing.toSorted() : null).toEqual(["call_b-1", "e"]);
    expect(run.books.effective()).toMatchObject({
      "dispatch:call_a-1": { settlement: "final", charged: 0 },
      "call_b-1": { settlement: "unknown" },
      e: { settlement: "estimated", charged: 1_250 },
    });
    expect(run.log.lines).toContainEqual(
      expect.objectContaining({ level: "error", event: "reconcile.missing" }),
    );
  });

  it("voids what the log shows as refused, once that has had time to be all", async () => {
    const run = await open({ "dispatch:call_a-1": unknown, "dispatch:call_b-1": unknown });
    const none = { isFailure: true, costUsd: "0", inputTokens: 0, outputTokens: 0 };
    run.spendLog.rows = [
      run.row({ ...none, requestId: "call_a-1" }),
      run.row({ ...none, requestId: "call_b-1" }),
    ];
    expect(await run.look(minute)).toMatchObject({ calls: [], isComplete: false });
    run.spendLog.rows.push(run.row({ dispatchId: "call_b-1", requestId: "r-b" }));
    await run.look(2 * minute);
    expect(run.books.effective()).toMatchObject({
      "dispatch:call_a-1": { settlement: "final", charged: 0 },
      "dispatch:call_b-1": { settlement: "final", charged: 2_500 },
    });
  });

  it("does not take a call that was charged for void because the log has forgotten it", async () => {
    const run = await open({ u: unknown });
    run.spendLog.rows = [run.row({ callId: "u" })];
    await run.look();
    run.spendLog.rows = [];
    expect(await run.look(61 * minute)).toMatchObject({
      receipts: [{ isVoided: false, chargedCredits: 2_500 }],
    });
  });

  it("keeps an estimate of a call that the log calls failed and free", async () => {
    const run = await open({ u: estimated });
    const none = { isFailure: true, costUsd: "0", inputTokens: 0, outputTokens: 0 };
    run.spendLog.rows = [run.row({ ...none, callId: "u" })];
    expect(await run.look(61 * minute)).toMatchObject({ calls: [], missing: ["u"] });
  });

  it("waits for the usage of an estimated call that the log shows without any", async () => {
    const run = await open({ u: estimated });
    const empty = run.row({ callId: "u", costUsd: "0", inputTokens: 0, outputTokens: 0 });
    run.spendLog.rows = [empty];
    expect(await run.look()).toMatchObject({ calls: [], waiting: ["u"], isComplete: false });
    expect(await run.look(61 * minute)).toMatchObject({ calls: [], missing: ["u"] });
    run.spendLog.rows = [empty, run.row({ callId: "u", requestId: "r-2" })];
    expect(await run.look(62 * minute)).toMatchObject({ calls: [{ kind: "corrected" }] });
    expect(run.books.effective()["u"]).toMatchObject({ settlement: "final", charged: 2_500 });
  });

  it("makes no receipt of a row without usage, so that one with usage still can", async () => {
    const run = await open({});
    run.spendLog.rows = [run.row({ costUsd: "0", inputTokens: 0, outputTokens: 0 })];
    expect(await run.look()).toMatchObject({ calls: [], missing: [] });
    run.spendLog.rows = [run.row({})];
    expect(await run.look()).toMatchObject({ calls: [{ kind: "found", chargedCredits: 2_500 }] });
  });

  it("voids an unknown call that the log shows without any usage, once it would show all that it ever will", async () => {
    const run = await open({ u: unknown });
    run.spendLog.rows = [run.row({ callId: "u", costUsd: "0", inputTokens: 0, outputTokens: 0 })];
    expect(await run.look(59 * minute)).toMatchObject({ calls: [], waiting: ["u"] });
    expect(await run.look(60 * minute)).toMatchObject({ calls: [{ kind: "voided" }] });
  });

  it("does not guess between two rows of one dispatch", async () => {
    const run = await open({ u: estimated });
    run.spendLog.rows = ["r-1", "r-2"].map((requestId) => run.row({ callId: "u", requestId }));
    expect(await run.look()).toMatchObject({ calls: [], missing: ["u"] });
    expect(run.books.effective()["u"]).toMatchObject({ settlement: "estimated" });
  });

  it.each([
    ["0", "billing.zero_cost_paid_model"],
    ["100000.01", "billing.cost_not_believed"],
  ])(
    "prices a paid model from the table where the log says %s USD, with an alarm",
    async (costUsd, event) => {
      const run = await open({ u: unknown });
      run.spendLog.rows = [run.row({ callId: "u", costUsd })];
      await run.look();
      expect(run.books.effective()["u"]?.costUsd).toBe("0.00001485");
      expect(run.log.lines[0]).toMatchObject({ event });
    },
  );

  it("charges nothing for a free model, and warns, where the log says that it costs", async () => {
    const run = await open({ u: { ...unknown, model: "free" } });
    run.spendLog.rows = [
      run.row({ callId: "u", requestId: "r-1", model: "free", costUsd: "0.25" }),
      run.row({ callId: "call_x-1", requestId: "r-2", model: "free", costUsd: "0" }),
    ];
    expect(await run.look()).toMatchObject({ calls: [{ kind: "filled" }, { kind: "found" }] });
    expect(run.books.effective()).toMatchObject({
      u: { settlement: "final", costUsd: "0", charged: 0 },
      "call_x-1": { settlement: "final", costUsd: "0", charged: 0 },
    });
    const costs = run.log.lines.filter(({ event }) => event === "billing.free_model_costs");
    expect(costs).toMatchObject([{ level: "warn", fields: { requestId: "r-1" } }]);
  });

  it("does not take 0 for the price of a model that nobody knows", async () => {
    const run = await open({});
    run.spendLog.rows = [run.row({ model: "nobody/knows", costUsd: "0" })];
    expect(await run.look()).toMatchObject({ calls: [], missing: ["chatcmpl-aaaaaaaaaaaaaaaa"] });
  });

  it("leaves final receipts alone, and says where the log disagrees", async () => {
    const run = await open({ u: {}, v: {} });
    run.spendLog.rows = [
      run.row({ callId: "u", requestId: "r-1", costUsd: "0.0001" }),
      run.row({ callId: "v", requestId: "r-2", costUsd: "0.9" }),
    ];
    expect(await run.look()).toMatchObject({ calls: [], isComplete: true });
    expect(run.log.lines.filter(({ event }) => event === "reconcile.cost_differs")).toMatchObject([
      { fields: { usageUnitId: "v" } },
    ]);
  });

  it("changes nothing while the gateway is down, and goes on when it is up again", async () => {
    const run = await open({ u: unknown, "dispatch:call_a-1": unknown });
    run.spendLog.isDown = true;
    const delayed = { kind: "delayed", reason: "unreachable" };
    expect(await run.look(61 * minute)).toEqual(delayed);
    expect(run.books.count("receipt_corrections")).toBe(0);
    run.spendLog.isDown = false;
    run.spendLog.rows = [run.row({ callId: "u" })];
    const read = await run.look(61 * minute);
    const kinds = read.kind === "read" ? read.calls.map(({ kind }) => kind).toSorted() : [];
    expect(kinds).toEqual(["filled", "voided"]);
  });

  it("takes nothing for absent while there are rows that it cannot read, for up to a week", async () => {
    const run = await open({
      "dispatch:call_a-1": unknown,
      "dispatch:call_b-1": unknown,
      e: estimated,
    });
    run.spendLog.unreadable = 1;
    const none = { isFailure: true, costUsd: "0", inputTokens: 0, outputTokens: 0 };
    run.spendLog.rows = [run.row({ ...none, requestId: "call_b-1" }), run.row({ callId: "e" })];
    expect(await run.look(61 * minute)).toMatchObject({
      calls: [{ kind: "corrected", fact: { usageUnitId: "e" } }],
      ...{ missing: [], isComplete: false },
    });
    expect(await run.look(8 * 24 * 60 * minute)).toMatchObject({ calls: [], isComplete: true });
    expect(run.log.errors()).toEqual(["reconcile.given_up"]);
    run.spendLog.unreadable = 0;
    expect(await run.look(61 * minute)).toMatchObject({
      calls: [{ kind: "voided" }, { kind: "voided" }],
    });
  });

  it("asks for the newest attempts and those with an open receipt, over a window wider than the run", async () => {
    const run = await open({ u: estimated });
    await run.look(5 * minute, 9);
    const { runId } = run.books.start.context;
    const asked = run.spendLog.queries.map(({ endUser }) => endUser);
    expect(asked).toEqual([`${runId}/9`, `${runId}/8`, `${runId}/7`, `${runId}/0`]);
    for (const { from, to } of run.spendLog.queries) {
      expect(from).toBeLessThanOrEqual(startedAt - 60 * minute);
      expect(to).toBeGreaterThanOrEqual(endedAt + 60 * minute);
    }
  });

  it("is not over before the gateway has had time to write its log", async () => {
    const run = await open({});
    expect(await run.look(minute)).toMatchObject({ waiting: [], isComplete: false });
    expect(await run.look(2 * minute)).toMatchObject({ isComplete: true });
  });
});

describe("when the log is looked at", () => {
  it("is at once, then after 30 s, 2 min, 10 min and 1 h", () => {
    const looks = [0, 1, 2, 3, 4].map((tries) => nextReconcileAt(tries, endedAt)! - endedAt);
    expect(looks).toEqual([0, 30_000, 2 * minute, 10 * minute, 60 * minute]);
  });

  it("is left to the cron after that", () => {
    expect(nextReconcileAt(5, endedAt)).toBeNull();
  });

  it("is once, when the log is written, for a run whose receipts are all final", () => {
    expect(nextReconcileAt(looksSkippedWhenFinal, endedAt)).toBe(endedAt + 2 * minute);
  });
});
