import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { ask, isOver, replies, replyText, wordNumbers } from "./chat-page.ts";
import { describeInBrowser, eventually, reloadWithoutGraphs } from "./suite.ts";

const poet = "langgraph:poet";
const box = (page: Page) => page.getByLabel("Message", { exact: true });

describeInBrowser("a chat in trouble", ({ open, api }) => {
  test("asks again under the key of the message whose answers were lost", async () => {
    const page = await open("/", { losesAnswers: true });
    let lost = 0;
    await page.route("**/api/v1/ai/runs", async (route) => {
      if (lost === 3) return route.continue();
      lost += 1;
      await route.fetch();
      await route.abort();
    });
    const reply = await ask(page, "Lost on the way", poet);
    await reply.getByText("The server cannot be reached.").waitFor();
    expect(await box(page).inputValue()).toBe("Lost on the way");
    await reply.getByRole("button", { name: "Ask again" }).click();
    await isOver(replies(page).first());
    expect(await page.locator(".question").allInnerTexts()).toEqual(["Lost on the way"]);
    expect(await replies(page).count()).toBe(1);
    expect(await box(page).inputValue()).toBe("");
    const { items } = await api<{ items: unknown[] }>("/api/v1/ai/threads?q=Lost%20on");
    expect(items).toHaveLength(1);
  });

  test("says that a stop was not taken, until Stop is pressed again", async () => {
    const page = await open("/");
    const error = { code: "rate_limit", message: "Too many requests.", requestId: "req_1" };
    await page.route("**/cancel", (route) => route.fulfill({ status: 429, json: { error } }), {
      times: 1,
    });
    const reply = await ask(page, "Long [[tokens:400]] [[delay:25]]", poet);
    await eventually(async () => wordNumbers(await replyText(reply)).length).toBeGreaterThan(3);
    const stop = page.getByRole("button", { name: "Stop" });
    await stop.click();
    const problem = page.getByText("The run was not stopped. Too many requests.");
    await problem.waitFor();
    const written = wordNumbers(await replyText(reply)).length;
    await eventually(async () => wordNumbers(await replyText(reply)).length).toBeGreaterThan(
      written,
    );
    expect(await problem.isVisible()).toBe(true);
    expect(await reply.getByRole("button", { name: "Ask again" }).count()).toBe(0);
    await stop.click();
    await isOver(reply);
    await reply.getByText("You stopped this reply").waitFor();
    expect(await problem.count()).toBe(0);
  });

  test("without graphs and models says so, keeps the message, and loads them when told to", async () => {
    const page = await open("/", { losesAnswers: true });
    await page.route("**/api/v1/ai/models", (route) => route.abort(), { times: 1 });
    await page.reload();
    await page.getByText("The graphs and models could not be loaded.").waitFor();
    await box(page).fill("Kept");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("Your message was not sent.").waitFor();
    expect(await box(page).inputValue()).toBe("Kept");
    await page.getByRole("button", { name: "Retry" }).click();
    await page.locator("#graph:not([disabled])").waitFor();
    expect(await page.locator("#composer-problem").innerText()).toBe("");
    expect(await replies(page).count()).toBe(0);
    await page.keyboard.press("Enter");
    await isOver(replies(page).first());
  });

  test("sends no half-edited message when the graphs come", async () => {
    const page = await open("/");
    const letGraphsCome = await reloadWithoutGraphs(page);
    await box(page).fill("As soon as");
    await page.keyboard.press("Enter");
    await page.getByText("Your message goes out as soon as").waitFor();
    await page.keyboard.type(" you");
    letGraphsCome();
    await page.locator("#graph:not([disabled])").waitFor();
    expect(await box(page).inputValue()).toBe("As soon as you");
    expect(await replies(page).count()).toBe(0);
  });

  test("says that a reply was not copied where the clipboard is refused", async () => {
    const page = await open("/");
    const reply = await ask(page, "Words", poet);
    await isOver(reply);
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error("refused"));
    });
    await reply.getByRole("button", { name: "Copy" }).click();
    await reply.getByRole("button", { name: "Not copied" }).waitFor();
  });
});
