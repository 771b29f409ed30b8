import type { BrowserContextOptions, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { RunCall } from "../../src/ports/run.ts";
import type { Receipt, Run } from "../../src/client/wire.ts";
import { fromLog, makeCall, makeReceipt, refund, unknown } from "../client/charged.ts";
import { ask, runIdOf } from "./chat-page.ts";
import { lowContrast } from "./contrast.ts";
import { watchShifts } from "./layout-shift.ts";
import { scriptedRun } from "./scripted-run.ts";
import { describeInBrowser, eventually } from "./suite.ts";

const runId = "run_0123456789abcdefghjkmnpqrs";

interface Record {
  run: Run;
  calls: RunCall[];
  receipts: Receipt[];
}

/** A run that went through a crash, with a refund, and with a call that only the gateway's log knew of. */
function eventfulRun(): Record {
  const at = (ordinal: number, changes: Partial<RunCall> = {}) =>
    makeCall({ callId: `call_${ordinal}`, ordinal, receiptId: `rcpt_${ordinal}`, ...changes });
  const calls = [
    at(1),
    at(2, { nodeKey: "worker", state: "interrupted" }),
    at(3, { nodeKey: "worker", callId: "call_2", dispatch: 2 }),
    at(4, { nodeKey: "writer", state: "failed", receiptId: null, usageUnitId: null }),
    at(5, { nodeKey: "writer", state: "cancelled", attempt: 1 }),
  ];
  const receipts = [
    makeReceipt({ corrections: [refund(makeReceipt(), 2_500)] }),
    makeReceipt({
      ...unknown,
      receiptId: "rcpt_2",
      corrections: [fromLog({ chargedDelta: 0 })],
    }),
    makeReceipt({ receiptId: "rcpt_3", cacheReadTokens: 1_000, reasoningTokens: 12 }),
    makeReceipt({ receiptId: "rcpt_5", settlement: "estimated", provenance: "estimate" }),
    makeReceipt({ receiptId: "rcpt_found", usageUnitId: "u", provenance: "gateway_log" }),
  ];
  const chargedCredits = receipts.reduce((sum, { effective }) => sum + effective.chargedCredits, 0);
  const run = {
    ...{ runId, accountId: "acct_1", threadId: null, graphId: "langgraph:research" },
    ...{ trigger: "api", scheduleId: null, scheduledFor: null, model: "gpt-test", attempt: 1 },
    ...{ status: "success", errorCode: null, errorMessage: null, output: "The tides." },
    createdAt: "2026-11-21T12:00:00.000Z",
    startedAt: "2026-11-21T12:00:00.000Z",
    finishedAt: "2026-11-21T12:00:09.000Z",
    usage: { calls: 5, inputTokens: 5_000, outputTokens: 200 },
    chargedCredits,
    heldCredits: 0,
    books: { dispatches: 5, settled: 3, unknown: 1, voided: 1, open: 0, closed: true },
    billing: "reconciling",
  } satisfies Run;
  return { run, calls, receipts };
}

describeInBrowser("a run's page", ({ open, product }) => {
  /** The page of a run that the API tells of; what is changed about the record shows with the next request. */
  async function openRecord(record: Record, hash = "", options: BrowserContextOptions = {}) {
    const page = await open("about:blank", options);
    await scriptedRun(page);
    await page.route(`**/api/v1/ai/runs/${runId}`, (route) => route.fulfill({ json: record.run }));
    await page.route("**/receipts", (route) => route.fulfill({ json: { items: record.receipts } }));
    await page.route("**/calls", (route) => route.fulfill({ json: { items: record.calls } }));
    const shift = await watchShifts(page);
    await page.goto(`${product().url}/runs/${runId}${hash}`);
    return { page, shift };
  }

  const entry = (page: Page, number: number) => page.locator(".entry").nth(number - 1);
  const isShown = (page: Page) => page.locator(".entry").first().waitFor();

  test("follows a run, and leads from its calls to its charge", async () => {
    const chat = await open("/");
    const reply = await ask(chat, "Live [[tokens:120]] [[delay:20]]", "langgraph:poet");
    await eventually(() => runIdOf(reply)).toMatch(/^run_/);
    const page = await open(`/runs/${await runIdOf(reply)}`);
    await eventually(() => page.locator("#run-status").innerText()).toBe("running");
    await page.getByText("A model is answering, so there is no receipt yet.").waitFor();
    await page.getByText("The run is under way. Its charges are added up here").waitFor();
    expect(await page.locator(".reply-cost").isVisible()).toBe(false);
    expect(await page.title()).toMatch(/^Run of poet, .+ · Runledger$/);
    expect(await page.getByRole("region", { name: "Asked" }).innerText()).toContain("Live");
    await eventually(() => page.locator("#run-status").innerText()).toBe("success");
    await page.getByText(/1 dispatched = 1 settled \+ 0 unknown \+ 0 voided \+ 0 open/).waitFor();
    await page.getByText(/^1 receipt = \$0\.\d+, which is what the run was charged$/).waitFor();
    const poet = page
      .getByRole("listitem")
      .filter({ has: page.getByRole("heading", { name: "poet" }) });
    expect(await poet.locator(".entry-why").innerText()).toMatch(
      /^The gateway (named|counted) .+\$0\.\d+.*, charged without a markup\.$/,
    );
    const receipt = poet.getByRole("link", { name: /^rcpt_/ });
    await receipt.click();
    expect(new URL(page.url()).hash).toBe(`#${await receipt.innerText()}`);
    expect(await page.getByRole("link", { name: "Open chat" }).count()).toBe(1);
  });

  test("offers no chat that was deleted, and tells codes in words", async () => {
    const record = eventfulRun();
    const ended = { status: "cancelled", errorCode: "aborted" } as const;
    record.run = { ...record.run, ...ended, threadId: "thr_gone" };
    const { page } = await openRecord(record);
    await isShown(page);
    expect(await page.getByRole("link", { name: "Open chat" }).count()).toBe(0);
    expect(await page.getByRole("region", { name: "Asked" }).count()).toBe(0);
    const fact = (name: string) => page.locator(".facts > div", { hasText: name });
    expect(await fact("Ended with").locator("dd").innerText()).toBe("Stopped");
    expect(await fact("Attempt").locator("dd").innerText()).toBe("2 (retried once)");
    expect(await entry(page, 5).locator(".entry-head").innerText()).toMatch(
      /stopped\s+usage settled/,
    );
  });

  test("says of every call why it cost what it cost", async () => {
    const { page } = await openRecord(eventfulRun());
    await isShown(page);
    expect(await page.locator(".entry-why").allInnerTexts()).toEqual([
      expect.stringMatching(
        /charged with a markup of 25%; the operator has given \$0\.00025 back\.$/,
      ),
      expect.stringMatching(/you asked once, so dispatch 2 is charged, and nothing for this one/),
      expect.stringMatching(/^The gateway named this call's cost/),
      expect.stringMatching(/^This call failed before a model could answer/),
      expect.stringMatching(/^This call was stopped before .+ until the gateway's log is read\.$/),
      expect.stringMatching(/^The gateway's log has this call with /),
    ]);
    expect(await entry(page, 1).getByRole("list", { name: "Corrections" }).innerText()).toContain(
      "Refunded by the operator (ticket-7): 2,500 credits ($0.00025) given back",
    );
    const again = await entry(page, 3).innerText();
    for (const words of ["dispatch 2 of 2", "(1,000 from the cache)", "(12 reasoning)", "25%"]) {
      expect(again).toContain(words);
    }
    expect(await entry(page, 4).locator(".entry-charge").innerText()).toBe("no charge");
    expect(await entry(page, 5).innerText()).toContain("attempt 2");
    const found = page.getByRole("region", { name: "Found in the gateway's log" });
    expect(await found.getByRole("listitem").count()).toBe(1);
    await page.getByText("$0.001 + $0.00 + $0.00125 + $0.00125 + $0.00125 = $0.00475").waitFor();
    await page.getByText("Figures may still be corrected").waitFor();
  });

  test("keeps the place and the focus of who reads it while a figure is corrected", async () => {
    const record = eventfulRun();
    const { page } = await openRecord(record);
    await isShown(page);
    const link = entry(page, 3).getByRole("link");
    await link.focus();
    const focused = await page.evaluateHandle(() => document.activeElement);
    const estimated = { settlement: "estimated", provenance: "estimate" } as const;
    const corrected = { ...estimated, receiptId: "rcpt_5", corrections: [fromLog()] };
    record.receipts[3] = makeReceipt(corrected);
    record.run = { ...record.run, chargedCredits: 45_000, billing: "settled" };
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await entry(page, 5).getByText("Corrected from the gateway's log: $0.001 → $0.0008").waitFor();
    await page.getByText("Every receipt is in the ledger.").waitFor();
    expect(await focused.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  test("opens at the receipt that its address names", async () => {
    const viewport = { width: 360, height: 640 };
    const { page } = await openRecord(eventfulRun(), "#rcpt_5", { viewport });
    await page.locator("#rcpt_5:target").waitFor();
    await eventually(() =>
      page
        .locator("#rcpt_5")
        .evaluate((element) => Math.abs(element.getBoundingClientRect().top) < 200),
    ).toBe(true);
  });

  test("of a run without calls says that nothing was charged", async () => {
    const { run } = eventfulRun();
    const books = { dispatches: 0, settled: 0, unknown: 0, voided: 0, open: 0, closed: true };
    const none = { ...run, billing: "settled" as const, chargedCredits: 0, books };
    const { page } = await openRecord({ run: none, calls: [], receipts: [] });
    await page.getByText("This run made no model call, so nothing was charged.").waitFor();
    expect(await page.getByRole("region", { name: "Found in the gateway's log" }).count()).toBe(0);
  });

  test("says what went wrong instead of sums without receipts", async () => {
    const page = await open("about:blank");
    const error = { code: "rate_limit", message: "Too many requests.", requestId: "r" };
    await page.route("**/api/v1/ai/runs/**", (route) =>
      route.fulfill({ status: 429, json: { error } }),
    );
    await page.goto(`${product().url}/runs/${runId}`);
    await page.getByRole("alert").getByText("Too many requests.").waitFor();
    expect(await page.getByText("Loading…").count()).toBe(0);
    expect(await page.getByText("Why was I charged?").count()).toBe(0);
  });

  describe.for(["light", "dark"] as const)("in %s", (colorScheme) => {
    test("can be read, and neither jumps nor scrolls sideways on a small phone", async () => {
      const viewport = { width: 360, height: 640 };
      const { page, shift } = await openRecord(eventfulRun(), "", { viewport, colorScheme });
      await isShown(page);
      expect(await lowContrast(page)).toEqual([]);
      expect(await shift()).toBeLessThan(0.05);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width).toBeLessThanOrEqual(360);
    });
  });
});
