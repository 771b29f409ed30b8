import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { addCredits } from "../../src/billing/credits.ts";
import { activityCsv, activityRows } from "../../src/billing/statement-activity-rows.ts";
import {
  activity,
  type ActivityFilters,
  type ActivityWish,
} from "../../src/billing/statement-activity.ts";
import { countReads } from "./count-reads.ts";
import { depsOf } from "./ledger-fixture.ts";
import { graphs, makeReceipts, models, rare } from "./make-receipts.ts";

const dayMs = 86_400_000;
const end = Date.UTC(2026, 5, 1);
const month = { from: end - 30 * dayMs, to: end };
const quarter = { from: end - 90 * dayMs, to: end };

const seriesReadsMax = 2_500;
const pageReadsMax = 200;
const readsPerCorrectionMax = 6;

/** The end of a walk along an index is found by the row after it, which only the last account of the table has not. */
const walksMax = 4;

const reader = countReads(env.DB);
let small: string;
let large: string;

beforeAll(async () => {
  small = (await makeReceipts(env.DB, { receipts: 10_000, end })).accountId;
  large = (await makeReceipts(env.DB, { receipts: 20_000, end })).accountId;
}, 60_000);

async function readSeries(accountId: string, changes: Partial<ActivityWish> = {}) {
  const wish = { ...month, step: "1d", timeZone: "UTC", groupBy: "model", ...changes } as const;
  const answer = await activity(reader.db, { accountId, ...wish }, end);
  return { answer, reads: reader.take() };
}

async function readPage(accountId: string, filters: ActivityFilters = {}, cursor?: string) {
  const page = await activityRows(reader.db, {
    accountId,
    ...quarter,
    ...filters,
    cursor,
    limit: 20,
  });
  return { page, reads: reader.take() };
}

describe("the series of a large account", () => {
  it("of 30 days by day reads the rollups, as many rows for twice the receipts", async () => {
    const one = await readSeries(small);
    const two = await readSeries(large);
    expect(one.answer.totals.calls).toBeGreaterThan(3_000);
    expect(two.answer.totals.calls).toBeGreaterThan(one.answer.totals.calls * 1.9);
    expect(Math.abs(two.reads - one.reads)).toBeLessThanOrEqual(walksMax);
    expect(two.reads).toBeLessThanOrEqual(seriesReadsMax);
  });

  it.each([
    [{ groupBy: "trigger" as const, graphId: graphs[1], model: models[2] }, seriesReadsMax],
    // A zone two hours away reads the two hours between its midnights and those of UTC besides.
    [
      { timeZone: "Europe/Berlin", from: month.from - 2 * 3_600_000, to: end - 2 * 3_600_000 },
      4_000,
    ],
  ])("is bounded with %o too", async (changes, readsMax) => {
    const one = await readSeries(small, changes);
    const two = await readSeries(large, changes);
    expect(two.answer.totals.calls).toBeGreaterThan(one.answer.totals.calls * 1.9);
    expect(two.reads).toBeLessThanOrEqual(readsMax);
  });
});

describe("a page of rows of a large account", () => {
  const common = { graphId: graphs[1], model: models[1], trigger: "chat" as const };
  const choices: [string, ActivityFilters, found: number][] = [
    ["nothing", {}, 20],
    ["a graph", { graphId: common.graphId }, 20],
    ["a model", { model: common.model }, 20],
    ["a trigger", { trigger: common.trigger }, 20],
    ["a graph and a model", { graphId: common.graphId, model: common.model }, 20],
    ["a graph and a trigger", { graphId: common.graphId, trigger: common.trigger }, 20],
    ["a model and a trigger", { model: common.model, trigger: common.trigger }, 20],
    ["all three", common, 20],
    ["a rare graph", { graphId: rare.graphId }, 10],
    ["a rare model", { model: rare.model }, 10],
    ["a rare trigger", { trigger: rare.trigger }, 10],
    ["a graph and a model that never met", { graphId: common.graphId, model: rare.model }, 0],
    ["a graph and a trigger that never met", { graphId: rare.graphId, trigger: "chat" }, 0],
    ["a model and a trigger that never met", { model: common.model, trigger: rare.trigger }, 0],
    ["three of which two never met", { ...common, graphId: rare.graphId }, 0],
  ];

  it.each(choices)("by %s reads as many rows for twice the receipts", async (_, filters, found) => {
    const one = await readPage(small, filters);
    const two = await readPage(large, filters);
    expect([one.page.items.length, two.page.items.length]).toEqual([found, found]);
    expect(Math.abs(two.reads - one.reads)).toBeLessThanOrEqual(walksMax);
    expect(two.reads).toBeLessThanOrEqual(pageReadsMax);
  });

  it("reads a few rows more where receipts were corrected", async () => {
    const { accountId } = await makeReceipts(env.DB, { receipts: 30, end });
    const { page, reads } = await readPage(accountId);
    for (const { id: receiptId } of page.items) {
      for (const reference of [`${receiptId}-1`, `${receiptId}-2`]) {
        const refund = { accountId, credits: 1, reason: "refund", reference, receiptId } as const;
        expect(await addCredits(depsOf(), refund)).toMatchObject({ kind: "posted" });
      }
    }
    const corrected = await readPage(accountId);
    expect(corrected.page.items.map(({ corrections }) => corrections.length)).toEqual(
      Array.from({ length: 20 }, () => 2),
    );
    expect(corrected.reads - reads).toBeLessThanOrEqual(2 * 20 * readsPerCorrectionMax);
  });

  it("has what was asked for, newest first, from page to page", async () => {
    const seen: { id: string; createdAt: number }[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < 3; pages += 1) {
      const filters = { graphId: common.graphId, model: common.model };
      const { page } = await readPage(large, filters, cursor);
      for (const item of page.items) expect(item).toMatchObject(filters);
      seen.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    }
    const newestFirst = seen.toSorted((a, b) => b.createdAt - a.createdAt);
    expect(seen.map(({ id }) => id)).toEqual(newestFirst.map(({ id }) => id));
    expect(new Set(seen.map(({ id }) => id)).size).toBe(60);
    expect(new Set((await readPage(large, common)).page.items.map((row) => row.trigger))).toEqual(
      new Set(["chat"]),
    );
  });

  it("costs the same deep in the list", async () => {
    const reads: number[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < 20; pages += 1) {
      const { page, reads: ofPage } = await readPage(large, {}, cursor);
      cursor = page.nextCursor ?? undefined;
      reads.push(ofPage);
    }
    // A page lies in two runs or in three, and a run is read for each of its receipts or once.
    expect(Math.max(...reads) - Math.min(...reads)).toBeLessThanOrEqual(2);
  });
});

describe("the CSV of a large account", () => {
  it("reads a few rows a line, from its first part to its last", async () => {
    let lines = 0;
    let parts = 0;
    const range = { accountId: small, from: end - 18 * dayMs, to: end };
    for await (const part of activityCsv(reader.db, range)) {
      lines += part.split("\r\n").length - 1;
      parts += 1;
    }
    expect(lines).toBe(1 + 2_000);
    expect(parts).toBe(5);
    expect(reader.take()).toBeLessThanOrEqual(lines * (pageReadsMax / 20));
  });
});
