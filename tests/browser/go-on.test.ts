import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { ask, isOver, replies, replyText, runIdOf, upTo, wordNumbers } from "./chat-page.ts";
import { lowContrast } from "./contrast.ts";
import { describeInBrowser, eventually } from "./suite.ts";

interface RunRecord {
  status: string;
  attempt: number;
  interrupts?: { interruptId: string }[];
  books: { closed: boolean };
}

const approval = "langgraph:approval";

function card(page: Page) {
  return page.getByRole("region", { name: "Your answer is needed" });
}

describeInBrowser("a run that asks", ({ open, api, product }) => {
  const record = (runId: string | null) => api<RunRecord>(`/api/v1/ai/runs/${runId}`);
  const calls = (runId: string | null) => product().gateway.calls(runId ?? "");

  test("shows its draft in a card, waits, and goes on in the same reply once it is approved", async () => {
    const page = await open("/");
    const reply = await ask(page, "Tell them [[say:**Closed** on Friday]]", approval);
    await card(page).waitFor();
    expect(await page.evaluate(() => document.activeElement?.className)).toBe("question-card");
    expect(await card(page).locator(".draft strong").innerText()).toBe("Closed");
    expect(await page.locator("#composer-hint").innerText()).toContain("waits for your answer");
    expect(await page.locator("#announcer").innerText()).toContain("waits for your answer");
    const runId = await runIdOf(reply);
    expect(await record(runId)).toMatchObject({
      status: "interrupted",
      attempt: 0,
      interrupts: [{ interruptId: expect.any(String) }],
    });
    await card(page).getByLabel("Comment (optional)").fill("warmer");
    await card(page).getByRole("button", { name: "Approve" }).click();
    await isOver(reply);
    expect(await replyText(reply)).toContain("Closed on Friday");
    await reply.getByText("Approved: warmer").waitFor();
    await page.getByRole("button", { name: "Send" }).waitFor();
    expect(await replies(page).count()).toBe(1);
    await eventually(() => record(runId)).toMatchObject({
      status: "success",
      attempt: 0,
      books: { closed: true },
    });
    expect(calls(runId)).toHaveLength(2);
  });

  test("can be answered after a reload, and makes no call twice", async () => {
    const page = await open("/");
    const first = await ask(page, "Tell them", approval);
    await card(page).waitFor();
    const runId = await runIdOf(first);
    await page.reload();
    await card(page).waitFor();
    await eventually(() => page.evaluate(() => document.activeElement?.className)).toBe(
      "question-card",
    );
    expect(calls(runId)).toHaveLength(1);
    await card(page).getByRole("button", { name: "Decline" }).click();
    const reply = replies(page).first();
    await isOver(reply);
    expect(await replyText(reply)).not.toBe("");
    expect(calls(runId)).toHaveLength(1);
    await page.reload();
    await isOver(replies(page).first());
    await replies(page).first().getByText("Answered").waitFor();
  });

  test("can be answered with the keyboard alone", async () => {
    const page = await open("/");
    const reply = await ask(page, "Tell them", approval);
    await card(page).waitFor();
    const { keyboard } = page;
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
    await keyboard.press("Tab");
    await keyboard.press("Tab");
    await keyboard.type("shorter");
    await keyboard.press("Tab");
    expect(await focused()).toBe("Approve");
    await keyboard.press("Tab");
    expect(await focused()).toBe("Decline");
    await keyboard.press("Shift+Tab");
    await keyboard.press("Enter");
    await isOver(reply);
    await reply.getByText("Approved: shorter").waitFor();
    expect(await focused()).toContain("Approved: shorter");
  });

  test("takes no focus from somebody who is writing", async () => {
    const page = await open("/");
    await ask(page, "Tell them [[delay:40]]", approval);
    const box = page.getByLabel("Message", { exact: true });
    await box.pressSequentially("My next");
    await card(page).waitFor();
    expect(await box.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  test("says in the card why an answer was not taken, and can be answered again", async () => {
    const page = await open("/");
    const reply = await ask(page, "Tell them", approval);
    await card(page).waitFor();
    const error = { code: "rate_limit", message: "Too many runs at once.", requestId: "req_1" };
    await page.route("**/resume", (route) => route.fulfill({ status: 429, json: { error } }), {
      times: 1,
    });
    await card(page).getByLabel("Comment (optional)").fill("kept");
    const approve = card(page).getByRole("button", { name: "Approve" });
    await approve.click();
    await card(page).getByRole("alert").getByText("Too many runs at once.").waitFor();
    expect(await approve.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await card(page).getByLabel("Comment (optional)").inputValue()).toBe("kept");
    await approve.click();
    await isOver(reply);
  });

  test("can be stopped instead", async () => {
    const page = await open("/");
    const reply = await ask(page, "Tell them", approval);
    await card(page).waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await isOver(reply);
    expect(await card(page).count()).toBe(0);
    await reply.getByText("Not answered").waitFor();
    const runId = await runIdOf(reply);
    await eventually(() => record(runId)).toMatchObject({ status: "cancelled" });
  });

  test("is answered on its own page, and every other page that shows it goes on too", async () => {
    const chat = await open("/");
    const reply = await ask(chat, "Tell them", approval);
    await card(chat).waitFor();
    const page = await open(`/runs/${await runIdOf(reply)}`);
    await card(page).waitFor();
    expect(await page.locator("#run-status").innerText()).toBe("interrupted");
    await card(page).getByRole("button", { name: "Approve" }).click();
    await eventually(() => page.locator("#run-status").innerText()).toBe("success");
    await isOver(replies(page).first());
    await isOver(reply);
    expect(await replyText(replies(page).first())).toBe(await replyText(reply));
    expect(await card(chat).count()).toBe(0);
    await page.getByText(/2 dispatched = 2 settled/).waitFor();
  });

  test("goes on after its viewer's connection was lost while it waited", async () => {
    const page = await open("/");
    const cursors: string[] = [];
    let cut = () => {};
    await page.routeWebSocket(/\/socket\?/, (socket) => {
      cursors.push(new URL(socket.url()).searchParams.get("after") ?? "");
      socket.connectToServer();
      cut = () => void socket.close({ code: 1012 });
    });
    const reply = await ask(page, "Tell them", approval);
    await card(page).waitFor();
    cut();
    await eventually(() => cursors.length).toBe(2);
    expect(Number(cursors[1])).toBeGreaterThan(0);
    expect(await card(page).count()).toBe(1);
    await card(page).getByRole("button", { name: "Approve" }).click();
    await isOver(reply);
    await page.getByRole("button", { name: "Send" }).waitFor();
    expect(cursors).toHaveLength(2);
  });

  test("fits a small phone, whatever its draft", async () => {
    const page = await open("/", { viewport: { width: 360, height: 640 } });
    const draft = `${"x".repeat(300)} ${"`long code` ".repeat(20)}`;
    await ask(page, `[[say:${draft}]]`, approval);
    await card(page).waitFor();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(360);
  });

  test.for(["light", "dark"] as const)(
    "can be read in %s, open and answered",
    async (colorScheme) => {
      const page = await open("/", { colorScheme });
      const reply = await ask(page, "Tell them", approval);
      await card(page).waitFor();
      expect(await lowContrast(page)).toEqual([]);
      await page.getByRole("button", { name: "Stop" }).click();
      await isOver(reply);
      await reply.getByText("only new calls are charged").waitFor();
      expect(await lowContrast(page)).toEqual([]);
    },
  );

  test("is marked in the list of graphs", async () => {
    const page = await open("/");
    await page.locator("#graph:not([disabled])").waitFor();
    const option = page.locator(`#graph option[value="${approval}"]`);
    expect(await option.innerText()).toBe("Approval (asks you)");
    expect(await page.locator('#graph option[value="langgraph:poet"]').innerText()).toBe("Poet");
  });
});

describeInBrowser("another attempt", ({ open, api, product }) => {
  const record = (runId: string | null) => api<RunRecord>(`/api/v1/ai/runs/${runId}`);

  test("of a failed reply streams into the same reply, over a new connection from its cursor", async () => {
    const page = await open("/");
    const cursors: string[] = [];
    page.on("websocket", (socket) => {
      cursors.push(new URL(socket.url()).searchParams.get("after") ?? "");
    });
    const message = "Poem [[@0 status:503]] [[tokens:40]] [[delay:10]]";
    const reply = await ask(page, message, "langgraph:poet");
    await isOver(reply);
    await reply.getByText("only new calls are charged").waitFor();
    await reply.getByRole("button", { name: "Retry" }).focus();
    await page.keyboard.press("Enter");
    await eventually(async () => wordNumbers(await replyText(reply))).toEqual(upTo(40));
    await isOver(reply);
    await reply.getByText("Retried once").waitFor();
    expect(await reply.getByRole("button", { name: "Retry" }).count()).toBe(0);
    expect(cursors[0]).toBe("0");
    expect(Number(cursors[1])).toBeGreaterThan(0);
    expect(await replies(page).count()).toBe(1);
    const runId = await runIdOf(reply);
    await eventually(() => record(runId)).toMatchObject({ status: "success", attempt: 1 });
    expect(product().gateway.calls(runId ?? "")).toHaveLength(2);
    await page.reload();
    await isOver(replies(page).first());
    expect(wordNumbers(await replyText(replies(page).first()))).toEqual(upTo(40));
    await replies(page).first().getByText("Retried once").waitFor();
  });

  test("of a stopped reply starts its unfinished text anew and shows every word once", async () => {
    const page = await open("/");
    const reply = await ask(page, "Long [[tokens:60]] [[delay:40]]", "langgraph:poet");
    await eventually(async () => wordNumbers(await replyText(reply)).length).toBeGreaterThan(5);
    await page.getByRole("button", { name: "Stop" }).click();
    await isOver(reply);
    await page.getByRole("button", { name: "Send" }).waitFor();
    await page.reload();
    const again = replies(page).first();
    await again.getByRole("button", { name: "Retry" }).click();
    await eventually(async () => wordNumbers(await replyText(again)).length).toBeGreaterThan(0);
    const middle = wordNumbers(await replyText(again));
    expect(middle).toEqual(upTo(middle.length));
    await eventually(async () => wordNumbers(await replyText(again))).toEqual(upTo(60));
    await isOver(again);
  });

  test("is started on the run's own page, which marks what each attempt did", async () => {
    const chat = await open("/");
    const message = "Ponder [[@0 status:503]]";
    const reply = await ask(chat, message, "langgraph:poet");
    await isOver(reply);
    const page = await open(`/runs/${await runIdOf(reply)}`);
    await page.getByRole("button", { name: "Retry" }).click();
    await eventually(() => page.locator("#run-status").innerText()).toBe("success");
    await page.getByText("2 (retried once)").waitFor();
    await eventually(() => page.locator(".entry p.quiet").allInnerTexts()).toEqual([
      expect.stringMatching(/, attempt 1, dispatch 1 of 2$/),
      expect.stringMatching(/, attempt 2, dispatch 2 of 2$/),
    ]);
    expect(await page.locator(".entry-charge").first().innerText()).toBe("no charge");
  });

  test("that is refused says why beside the button", async () => {
    const page = await open("/");
    const reply = await ask(page, "Poem [[status:400]]", "langgraph:poet");
    await isOver(reply);
    await page.getByRole("button", { name: "Send" }).waitFor();
    const later = await ask(page, "Long [[tokens:200]] [[delay:25]]", "langgraph:poet");
    await reply.getByRole("button", { name: "Retry" }).click();
    await reply.getByText("Another run of this thread is active").waitFor();
    await reply.getByRole("button", { name: "Retry" }).waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await isOver(later);
  });
});
