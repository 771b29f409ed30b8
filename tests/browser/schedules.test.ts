import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { Schedule } from "../../src/client/wire.ts";
import { describeInBrowser, eventually } from "./suite.ts";

interface Listed {
  items: { runId: string; status: string }[];
}

describeInBrowser("the schedules page", ({ open, api, product }) => {
  async function make(name: string, changes: object = {}): Promise<Schedule> {
    const answer = await fetch(`${product().url}/api/v1/schedules`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        ...{ name, graphId: "langgraph:poet", message: "Write about the sea" },
        ...{ cron: "0 7 1 1 *", timezone: "Asia/Tokyo", ...changes },
      }),
    });
    return (await answer.json()) as Schedule;
  }
  const runsOf = ({ scheduleId }: Schedule) =>
    api<Listed>(`/api/v1/schedules/${scheduleId}/runs`).then(({ items }) => items);
  const cardOf = (page: Page, name: string) => page.getByRole("article", { name, exact: true });

  test("a double-click on Run now starts one run, and moves no button", async () => {
    const schedule = await make("Twice");
    const page = await open("/schedules");
    const button = cardOf(page, "Twice").getByRole("button", { name: "Run now" });
    await button.waitFor();
    const before = await button.boundingBox();
    await button.dblclick();
    await page.getByText("Twice was started.").waitFor();
    // The card is made anew meanwhile, with the button in its place, and the focus goes to it.
    const place = async () => (await button.boundingBox())?.y ?? Number.NaN;
    await eventually(place).toBeCloseTo(before?.y ?? 0, 0);
    const hasFocus = () => button.evaluate((element) => element === document.activeElement);
    await eventually(hasFocus).toBe(true);
    await eventually(async () => (await runsOf(schedule)).map(({ status }) => status)).toEqual([
      "success",
    ]);
  });

  test("takes one change at a time, and no second click for another one", async () => {
    await make("Busy");
    const page = await open("/schedules");
    const button = cardOf(page, "Busy").getByRole("button", { name: "Run now" });
    await button.waitFor();
    const answered = Promise.withResolvers<void>();
    let asked = 0;
    await page.route("**/run", async (route) => {
      asked += 1;
      await answered.promise;
      await route.continue();
    });
    const taken = cardOf(page, "Busy").locator("[aria-disabled=true]");
    await button.dispatchEvent("click", { detail: 2 });
    expect(await taken.count()).toBe(0);
    await button.press("Enter");
    await taken.first().waitFor();
    await button.press("Enter");
    answered.resolve();
    await page.getByText("Busy was started.").waitFor();
    expect(asked).toBe(1);
  });

  test("a double-click on Create schedule makes one", async () => {
    const page = await open("/schedules");
    await page.getByRole("button", { name: "New schedule" }).click();
    await page.locator("select[name=graphId] option").first().waitFor({ state: "attached" });
    await page.getByLabel("Name", { exact: true }).fill("Made once");
    await page.getByLabel("Message", { exact: true }).fill("Write");
    const pressed = Promise.withResolvers<void>();
    await page.route("**/api/v1/schedules", async (route) => {
      await pressed.promise;
      await route.continue();
    });
    await page.getByRole("button", { name: "Create schedule" }).dblclick();
    pressed.resolve();
    await page.getByText("Made once was created.").waitFor();
    await cardOf(page, "Made once").first().waitFor();
    expect(await cardOf(page, "Made once").count()).toBe(1);
    const { items } = await api<{ items: Schedule[] }>("/api/v1/schedules?limit=100");
    expect(items.filter(({ name }) => name === "Made once")).toHaveLength(1);
  });

  test("both its times are in the schedule's zone, by name, and the reader's is on hover", async () => {
    const schedule = await make("Zoned");
    await fetch(`${product().url}/api/v1/schedules/${schedule.scheduleId}/run`, { method: "POST" });
    const page = await open("/schedules", { timezoneId: "America/New_York" });
    const facts = cardOf(page, "Zoned").locator(".facts > div");
    const next = facts.filter({ hasText: "Next run" });
    expect(await next.innerText()).toMatch(/7:00 AM\s+Asia\/Tokyo$/);
    const last = facts.filter({ hasText: "Last run" });
    const at = (await last.locator("time").getAttribute("datetime")) ?? "";
    const hour = { hour: "numeric", minute: "2-digit", timeZone: "Asia/Tokyo" } as const;
    const told = await last.innerText();
    expect(told).toContain(new Intl.DateTimeFormat("en-US", hour).format(new Date(at)));
    expect(told).toContain("Asia/Tokyo");
    expect(await last.locator("time").getAttribute("title")).toContain("America/New_York");
  });

  test("is edited in the same form, by keyboard, and keeps what was not changed", async () => {
    const schedule = await make("Before", { model: null, overlap: "allow" });
    const page = await open("/schedules");
    const edit = cardOf(page, "Before").getByRole("button", { name: "Edit" });
    await edit.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Edit “Before”" }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("schedule-name");
    expect(await page.getByLabel("Message", { exact: true }).inputValue()).toBe(schedule.message);
    expect(await page.getByLabel("While the last run is active").inputValue()).toBe("allow");
    await page.getByLabel("Name", { exact: true }).fill("After");
    await page.keyboard.press("Enter");
    await page.getByText("After was changed.").waitFor();
    await cardOf(page, "After").waitFor();
    const focused = await page.evaluate(() => document.activeElement?.textContent);
    expect(focused).toBe("Edit");
    const after = await api<Schedule>(`/api/v1/schedules/${schedule.scheduleId}`);
    const { name, model, timezone, nextRunAt } = after;
    expect({ name, model, timezone, nextRunAt }).toEqual({
      ...{ name: "After", model: null, timezone: "Asia/Tokyo", nextRunAt: schedule.nextRunAt },
    });
    await page.getByRole("button", { name: "New schedule" }).click();
    expect(await page.getByRole("heading", { level: 2, name: "New schedule" }).count()).toBe(1);
    await eventually(() => page.getByLabel("Message", { exact: true }).inputValue()).toBe("");
    expect(await page.getByLabel("While the last run is active").inputValue()).toBe("skip");
  });

  test("an action on one card leaves the open runs of another as they are", async () => {
    await make("Read");
    await make("Pressed");
    const page = await open("/schedules");
    await cardOf(page, "Read").getByText("Runs").click();
    await cardOf(page, "Read").getByText("None yet.").waitFor();
    await cardOf(page, "Pressed").getByRole("button", { name: "Pause" }).click();
    await page.getByText("Pressed is paused.").waitFor();
    expect(await cardOf(page, "Read").getByText("None yet.").isVisible()).toBe(true);
  });

  test("the balance in the head follows the runs that were started here", async () => {
    await make("Paid");
    const page = await open("/schedules");
    const balance = page.locator("#balance-amount");
    await eventually(() => balance.innerText()).toMatch(/^\$/);
    await cardOf(page, "Paid").waitFor();
    await cardOf(page, "Paid").getByRole("button", { name: "Run now" }).click();
    await cardOf(page, "Paid").getByText("success").waitFor();
    await eventually(async () => {
      const { availableCredits } = await api<{ availableCredits: number }>("/api/v1/account");
      return Number((await balance.innerText()).slice(1)) * 1e7 - availableCredits;
    }).toBeCloseTo(0, 0);
  });

  test("says why a slot was skipped", async () => {
    const schedule = await make("Poor");
    const lastRunAt = "2026-03-10T12:00:00.000Z";
    const page = await open("about:blank");
    const skipped = { status: "skipped", createdAt: lastRunAt, errorMessage: "No credit is left." };
    await page.route("**/api/v1/schedules?*", (route) =>
      route.fulfill({
        json: { items: [{ ...schedule, lastRunAt, lastStatus: "skipped" }], nextCursor: null },
      }),
    );
    await page.route("**/runs?*", (route) =>
      route.fulfill({ json: { items: [skipped], nextCursor: null } }),
    );
    await page.goto(`${product().url}/schedules`);
    await cardOf(page, "Poor").getByText("Last run: skipped. No credit is left.").waitFor();
  });

  test("a list that cannot be loaded says so, and is loaded by Retry", async () => {
    const page = await open("about:blank");
    let fails = true;
    await page.route("**/api/v1/schedules?*", (route) =>
      fails
        ? route.fulfill({ status: 429, json: { error: { code: "rate_limit", message: "Later." } } })
        : route.continue(),
    );
    await page.goto(`${product().url}/schedules`);
    await page.getByText("Later.").waitFor();
    expect(await page.getByText("Loading…").count()).toBe(0);
    await page.getByRole("button", { name: "Retry" }).press("Enter");
    await page.getByText("Later.").waitFor();
    fails = false;
    await page.getByRole("button", { name: "Retry" }).press("Enter");
    await page.getByRole("article").first().waitFor();
  });
});
