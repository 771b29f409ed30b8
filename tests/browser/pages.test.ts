import { request } from "node:http";
import { expect, test } from "vitest";
import { ask, isOver } from "./chat-page.ts";
import { adminToken } from "./product.ts";
import { describeInBrowser, eventually } from "./suite.ts";

describeInBrowser("activity, run, schedules and account", ({ open, api, product }) => {
  test("a schedule is previewed, created, run, paused, and billed like a chat", async () => {
    const page = await open("/schedules", { timezoneId: "Europe/Berlin" });
    await page.getByText("No schedule yet.").waitFor();
    await page.getByRole("button", { name: "New schedule" }).click();
    await page.locator("select[name=graphId] option").first().waitFor({ state: "attached" });
    await page.getByLabel("Name", { exact: true }).fill("Morning poem");
    await page.getByLabel("Graph", { exact: true }).selectOption("langgraph:poet");
    await page.getByLabel("Message", { exact: true }).fill("Write about the morning");
    await page.getByLabel("Cron expression").fill("not cron");
    await eventually(() => page.locator("#preview-list li").count()).toBe(0);
    await page.getByLabel("Cron expression").fill("0 7 * * *");
    await eventually(() => page.locator("#preview-list li").allInnerTexts()).toEqual(
      Array.from({ length: 5 }, () => expect.stringContaining("7:00 AM")),
    );
    await page.getByRole("button", { name: "Create schedule" }).click();

    const card = page.getByRole("article", { name: "Morning poem" });
    await card.getByRole("button", { name: "Run now" }).click();
    const started = page.getByRole("link", { name: "Open run" });
    await started.waitFor();
    await card.getByRole("button", { name: "Pause" }).click();
    await card.getByRole("button", { name: "Resume" }).waitFor();
    expect(await card.locator(".badge").first().innerText()).toBe("paused");
    expect(
      await card
        .getByRole("button", { name: "Resume" })
        .evaluate((b) => b === document.activeElement),
    ).toBe(true);

    const chat = await open("/");
    const reply = await ask(chat, "A chat beside it", "langgraph:poet");
    await isOver(reply);

    const activity = await open("/activity?range=24h&group=trigger");
    await eventually(async () => {
      await activity.reload();
      await activity.locator("#rows table").waitFor();
      return activity.locator("#rows tbody td:nth-child(3)").allInnerTexts();
    }).toEqual(expect.arrayContaining(["chat", "schedule"]));
    for (const row of await activity.locator("#rows tbody tr").all()) {
      const cells = await row.locator("td").allInnerTexts();
      expect(cells[4]).toBe("gpt-test");
      expect(Number(cells[5]?.replaceAll(",", ""))).toBeGreaterThan(0);
      expect(Number(cells[6]?.replaceAll(",", ""))).toBeGreaterThan(0);
      expect(cells[1]).toMatch(/^\$\d+\.\d{7}$/);
    }
    // The series come by a request of their own, after the rows or before them.
    await eventually(() => activity.locator("#legend li").allInnerTexts()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^chat/), expect.stringMatching(/^schedule/)]),
    );
    await activity.locator("#chart canvas").waitFor();
    await activity.getByText("Show as a table").click();
    expect(await activity.locator("#chart-table th").allInnerTexts()).toContain("schedule");

    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("No schedule yet.").waitFor();
  });

  test("the activity filters live in the address", async () => {
    const page = await open("/activity");
    await page.locator("label.segment", { hasText: "30 days" }).click();
    await page.getByLabel("Group by").selectOption("graphId");
    expect(new URL(page.url()).search).toBe("?range=30d&group=graphId");
    await page.reload();
    expect(await page.getByLabel("30 days").isChecked()).toBe(true);
    expect(await page.getByLabel("Group by").inputValue()).toBe("graphId");
    await page.goBack();
    expect(await page.getByLabel("Group by").inputValue()).toBe("model");
    await page.goBack();
    expect(await page.getByLabel("7 days").isChecked()).toBe(true);
    await page.goForward();
    await page.goForward();
    const csv = await page.getByRole("link", { name: "Download CSV" }).getAttribute("href");
    const answer = await fetch(`${product().url}${csv}`);
    expect(answer.headers.get("content-type")).toContain("text/csv");
  });

  test("an own range that cannot be asked for is told at its days, without figures", async () => {
    const page = await open("/activity");
    await eventually(() => page.locator("#total-runs").innerText()).toMatch(/^\d+$/);
    await page.locator("label.segment", { hasText: "Custom" }).click();
    await page.getByLabel("From").fill("2026-03-10");
    await page.getByLabel("Through").fill("2026-03-01");
    await page.getByText("The first day must not be after the last one.").waitFor();
    expect(await page.getByLabel("Through").getAttribute("aria-invalid")).toBe("true");
    expect(await page.locator("#totals dd").allInnerTexts()).toEqual(["–", "–", "–", "–"]);
    expect(await page.locator("#rows table, #legend li").count()).toBe(0);
    await page.getByLabel("From").fill("2020-03-10");
    await page.getByText("Through 2026-03-01 the first day is 2025-01-26.").waitFor();
    await page.getByLabel("From").fill("2026-02-01");
    await eventually(() => page.locator("#total-runs").innerText()).toMatch(/^\d+$/);
    expect(await page.getByLabel("Through").getAttribute("aria-invalid")).toBeNull();
  });

  test("a key's secret is shown once, opens the API, and opens nothing once revoked", async () => {
    const page = await open("/account");
    await page.getByRole("button", { name: "New key" }).click();
    await page.getByLabel("Label").fill("Build server");
    await page.getByLabel("Cap for each day").fill("a dollar");
    await page.getByRole("button", { name: "Create key" }).click();
    await page.getByText("A cap is an amount in dollars").waitFor();
    await page.getByLabel("Cap for each day").fill("0.5");
    await page.getByLabel("Expires").fill("2020-01-01");
    await page.getByRole("button", { name: "Create key" }).click();
    await page.getByText("Choose a time in the future.").waitFor();
    const expires = page.locator("#key-expires");
    expect(await expires.getAttribute("aria-invalid")).toBe("true");
    expect(await expires.getAttribute("aria-describedby")).toBe("key-expires-problem");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("key-expires");
    await expires.fill("");
    expect(await page.getByText("Choose a time in the future.").count()).toBe(0);
    await page.getByRole("button", { name: "Create key" }).dblclick();
    const dialog = page.getByRole("dialog", { name: "Your new key" });
    const secret = await dialog.locator("#secret").innerText();
    expect(secret).toMatch(/^rl_/);
    await dialog.getByRole("button", { name: "Done" }).click();
    // A dialog tells that it was closed a moment after it is.
    await eventually(() => page.content()).not.toContain(secret);
    expect(await page.locator("#secret").textContent()).toBe("");
    const call = () =>
      fetch(`${product().url}/api/v1/account`, { headers: { authorization: `Bearer ${secret}` } });
    expect((await call()).status).toBe(200);
    await page
      .getByRole("row", { name: /Build server/ })
      .getByText("a day")
      .waitFor();
    expect(await page.getByRole("row", { name: /Build server/ }).count()).toBe(1);
    const keys = page.locator("#keys");
    expect(await keys.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(
      0,
    );
    await page.getByRole("button", { name: "Revoke Build server" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await page
      .getByRole("row", { name: /Build server/ })
      .getByText("revoked")
      .waitFor();
    expect((await call()).status).toBe(401);
  });

  test("the account shows its caps, and what was charged under them", async () => {
    const { accountId } = await api<{ accountId: string }>("/api/v1/account");
    const setCaps = (caps: object) =>
      fetch(`${product().url}/api/v1/admin/accounts/${accountId}/caps`, {
        method: "PUT",
        headers: { "content-type": "application/json", authorization: `Bearer ${adminToken}` },
        body: JSON.stringify(caps),
      });
    await setCaps({ maxCreditsPerDay: 40_000_000, maxCreditsPerMonth: null });
    const page = await open("/account");
    await page.getByText("Charged today (UTC) of $4.00").waitFor();
    expect(await page.getByText("Charged this month").isVisible()).toBe(false);
    await setCaps({ maxCreditsPerDay: null, maxCreditsPerMonth: null });
    await page.reload();
    await page.locator('#figures[aria-busy="false"]').waitFor();
    expect(await page.getByText("Charged today").isVisible()).toBe(false);
  });

  test("the account shows its balance, and the ledger leads to the run of a charge", async () => {
    const chat = await open("/");
    await isOver(await ask(chat, "Pay for this", "langgraph:poet"));
    const page = await open("/account");
    await eventually(async () => {
      await page.reload();
      await page.locator("#ledger table").waitFor();
      return page.locator("#ledger td:nth-child(3)").allInnerTexts();
    }).toEqual(expect.arrayContaining(["Charge", "Top-up"]));
    expect(await page.locator("#available").innerText()).toMatch(/^\$4\.\d+$/);
    await page.locator("#ledger").getByRole("link", { name: "Open run" }).first().click();
    await page.getByText("Why was I charged?").waitFor();
    const { hash } = new URL(page.url());
    await page.locator(`li${hash}:target`).waitFor();
  });

  test("a page under another name for this machine is not let in, whatever it says of its address", async () => {
    const { url } = product();
    const statusOf = (headers: Record<string, string>) =>
      new Promise<number | undefined>((resolve, reject) => {
        const asked = request(`${url}/api/v1/account`, { headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        asked.once("error", reject).end();
      });
    const { host } = new URL(url);
    const address = `${url}/api/v1/account`;
    expect(await statusOf({ host })).toBe(200);
    expect(await statusOf({ host: "rebound.example" })).toBe(401);
    for (const name of ["MF-Original-URL", "mf-original-url"])
      expect(await statusOf({ host: "rebound.example", [name]: address })).toBe(401);
  });
});
