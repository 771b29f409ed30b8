import type { Page, Route } from "playwright-core";
import { expect, test } from "vitest";
import { ask, isOver, replies } from "./chat-page.ts";
import { describeInBrowser, eventually } from "./suite.ts";

const poet = "langgraph:poet";
const box = (page: Page) => page.getByLabel("Message", { exact: true });
const questions = (page: Page) => page.locator(".question").allInnerTexts();
const threadOf = (page: Page) => new URL(page.url()).searchParams.get("thread");

/** Holds the next start of a run back, once the server has answered it, until `come` is called. */
async function holdStart(page: Page, end: (route: Route) => Promise<void>) {
  const asked = Promise.withResolvers<void>();
  const { promise, resolve: come } = Promise.withResolvers<void>();
  await page.route(
    "**/api/v1/ai/runs",
    async (route) => {
      asked.resolve();
      await promise;
      await end(route);
    },
    { times: 1 },
  );
  return { asked: asked.promise, come };
}

describeInBrowser("the chat that is on the page", ({ open, api }) => {
  test("stays when the answer to a message of another chat comes late", async () => {
    const page = await open("/");
    await isOver(await ask(page, "Old chat", poet));
    const old = threadOf(page);
    await page.getByRole("button", { name: "Send" }).waitFor();
    await page.getByRole("button", { name: "New chat" }).click();
    const { asked, come } = await holdStart(page, (route) => route.continue());
    await ask(page, "Sent off", poet);
    await asked;
    await page.getByRole("link", { name: "Old chat" }).click();
    await eventually(() => questions(page)).toEqual(["Old chat"]);
    const answered = page.waitForResponse(
      (response) => response.request().method() === "POST" && response.url().endsWith("/ai/runs"),
    );
    come();
    const { threadId } = (await (await answered).json()) as { threadId: string };
    await page.getByRole("link", { name: "Sent off" }).waitFor();
    expect([threadOf(page), await page.locator("#thread-title").innerText()]).toEqual([
      old,
      "Old chat",
    ]);
    await isOver(await ask(page, "More of the old", poet));
    const stored = await api<{ messages: { content: string }[] }>(`/api/v1/ai/threads/${threadId}`);
    expect(stored.messages.map(({ content }) => content)).not.toContain("More of the old");
    expect(threadOf(page)).toBe(old);
  });

  test("is not told what became of another chat's message, which is kept where it was written", async () => {
    const page = await open("/");
    await isOver(await ask(page, "Other chat", poet));
    await page.getByRole("button", { name: "Send" }).waitFor();
    await page.getByRole("button", { name: "New chat" }).click();
    const error = { code: "rate_limit", message: "Too many runs at once.", requestId: "req_1" };
    const { asked, come } = await holdStart(page, (route) =>
      route.fulfill({ status: 429, json: { error } }),
    );
    await ask(page, "Sent off", poet);
    await asked;
    await page.getByRole("link", { name: "Other chat" }).click();
    await eventually(() => questions(page)).toEqual(["Other chat"]);
    come();
    await page.getByText("Your last message was not sent. Too many runs at once.").waitFor();
    expect(await box(page).inputValue()).toBe("");
    await page.getByRole("button", { name: "New chat" }).click();
    expect(await box(page).inputValue()).toBe("Sent off");
  });

  test("is not left by the link that skips to it", async () => {
    const page = await open("/");
    await page.locator("#graph:not([disabled])").waitFor();
    const error = { code: "rate_limit", message: "Too many runs at once.", requestId: "req_1" };
    await page.route(
      "**/api/v1/ai/runs",
      (route) => route.fulfill({ status: 429, json: { error } }),
      {
        times: 1,
      },
    );
    const reply = await ask(page, "Kept", poet);
    await reply.getByText("Too many runs at once.").waitFor();
    await page.getByRole("link", { name: "Skip to content" }).focus();
    await page.keyboard.press("Enter");
    await eventually(() => new URL(page.url()).hash).toBe("#main");
    await eventually(() => page.evaluate(() => document.activeElement?.id)).toBe("main");
    expect(await questions(page)).toEqual(["Kept"]);
    await page.reload();
    await isOver(await ask(page, "Once more", poet));
    await page.goBack();
    await eventually(() => questions(page)).toEqual([]);
  });

  test("keeps its address while the server cannot be reached, and comes once it can", async () => {
    const page = await open("/", { losesAnswers: true });
    await isOver(await ask(page, "Far away", poet));
    const address = page.url();
    await page.getByRole("button", { name: "Send" }).waitFor();
    await page.getByRole("button", { name: "New chat" }).click();
    await page.context().setOffline(true);
    await page.goBack();
    await page.getByText("The server cannot be reached.").waitFor();
    expect(page.url()).toBe(address);
    await page.context().setOffline(false);
    await eventually(() => questions(page)).toEqual(["Far away"]);
    await page.route("**/api/v1/ai/threads/*", (route) => route.abort(), { times: 1 });
    await page.reload();
    await page.getByRole("button", { name: "Try again" }).click();
    await eventually(() => questions(page)).toEqual(["Far away"]);
    expect(page.url()).toBe(address);
  });

  test("that does not exist gives way to a new one", async () => {
    const page = await open("/?thread=thr_nowhere");
    await page.getByText("There is no such chat.").waitFor();
    expect(new URL(page.url()).search).toBe("");
  });

  test("shows what another tab has added to it, in the order of the thread", async () => {
    const first = await open("/");
    await isOver(await ask(first, "One", poet));
    await first.getByRole("button", { name: "Send" }).waitFor();
    const second = await first.context().newPage();
    await second.goto(first.url());
    await eventually(() => questions(second)).toEqual(["One"]);
    await isOver(await ask(first, "Two", poet));
    await first.getByRole("button", { name: "Send" }).waitFor();
    await second.evaluate(() => dispatchEvent(new Event("focus")));
    await eventually(() => questions(second)).toEqual(["One", "Two"]);
    await isOver(replies(second).last());
    await isOver(await ask(second, "Three", poet));
    await second.evaluate(() => dispatchEvent(new Event("focus")));
    await isOver(replies(second).last());
    expect(await questions(second)).toEqual(["One", "Two", "Three"]);
    expect(await replies(second).count()).toBe(3);
  });

  test("follows the run of another tab that a message met, and gives the message back", async () => {
    const first = await open("/");
    await isOver(await ask(first, "One", poet));
    await first.getByRole("button", { name: "Send" }).waitFor();
    const second = await first.context().newPage();
    // Otherwise it would have looked at the thread when it got the focus.
    await second.addInitScript(() => {
      for (const name of ["focus", "visibilitychange"]) {
        addEventListener(name, (event) => event.stopImmediatePropagation(), true);
      }
    });
    await second.goto(first.url());
    await eventually(() => questions(second)).toEqual(["One"]);
    await second.locator("#graph:not([disabled])").waitFor();
    const running = await ask(first, "Long [[tokens:400]] [[delay:25]]", poet);
    await running.locator(".reply-text:not(:empty)").waitFor();
    await box(second).fill("Too early");
    await second.keyboard.press("Enter");
    await second.getByText("The last run of this thread is still active.").waitFor();
    await second.getByRole("button", { name: "Stop" }).click();
    await isOver(replies(second).last());
    await isOver(running);
    expect(await questions(second)).toEqual(["One", "Long [[tokens:400]] [[delay:25]]"]);
    expect(await box(second).inputValue()).toBe("Too early");
    await second.getByRole("button", { name: "Send" }).click();
    await isOver(replies(second).nth(2));
  });
});
