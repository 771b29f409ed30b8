import { expect, test } from "vitest";
import { ask, isOver, replies, replyText, runIdOf, upTo, wordNumbers } from "./chat-page.ts";
import { describeInBrowser, eventually, reloadWithoutGraphs } from "./suite.ts";

interface RunRecord {
  status: string;
  chargedCredits: number;
  books: { closed: boolean };
}

describeInBrowser("chat", ({ open, api, product }) => {
  test.for(["assistant", "poet", "ponderer", "research"])(
    "%s answers, and the reply shows what it was charged",
    async (name) => {
      const page = await open("/");
      const reply = await ask(page, `A word on tides, ${name}`, `langgraph:${name}`);
      await isOver(reply);
      expect(await replyText(reply)).not.toBe("");
      const runId = await runIdOf(reply);
      await eventually(() => api<RunRecord>(`/api/v1/ai/runs/${runId}`)).toMatchObject({
        status: "success",
        books: { closed: true },
      });
      const { chargedCredits } = await api<RunRecord>(`/api/v1/ai/runs/${runId}`);
      expect(chargedCredits).toBeGreaterThan(0);
      await eventually(() => reply.locator(".money").getAttribute("title")).toBe(
        `${chargedCredits.toLocaleString("en-US")} credits`,
      );
      await reply.getByRole("link", { name: "Details" }).click();
      await page.waitForURL(`**/runs/${runId}`);
      await page.getByText("Why was I charged?").waitFor();
    },
  );

  test("a message that is sent before the graphs have come goes out with them", async () => {
    const page = await open("/");
    const letGraphsCome = await reloadWithoutGraphs(page);
    await page.getByLabel("Message", { exact: true }).fill("As soon as you can");
    await page.keyboard.press("Enter");
    expect(await replies(page).count()).toBe(0);
    letGraphsCome();
    await isOver(replies(page).first());
    expect(await page.getByLabel("Message", { exact: true }).inputValue()).toBe("");
  });

  test("text streams in, and work of other nodes is shown as steps", async () => {
    const page = await open("/");
    const reply = await ask(page, "Ponder [[tokens:60]] [[delay:15]]", "langgraph:ponderer");
    await reply.locator(".steps summary").waitFor();
    await eventually(async () => wordNumbers(await replyText(reply)).length).toBeGreaterThan(3);
    const seen = wordNumbers(await replyText(reply)).length;
    await isOver(reply);
    expect(wordNumbers(await replyText(reply)).length).toBeGreaterThanOrEqual(seen);
    await reply.locator(".steps summary").first().click();
    expect(await reply.locator(".step-name").allInnerTexts()).toEqual(["think", "critique"]);
  });

  test("a tool call is shown with its arguments and its result", async () => {
    const page = await open("/");
    const message = 'Please [[tool:core__current_time {"timeZone":"Europe/Berlin"}]]';
    const reply = await ask(page, message, "langgraph:assistant");
    await isOver(reply);
    await reply.locator(".steps > summary").click();
    const tool = reply.locator(".tool");
    await tool.locator("summary").click();
    expect(await tool.locator("summary").innerText()).toContain("current time");
    expect(await tool.locator("pre").first().innerText()).toContain("Europe/Berlin");
    expect(await tool.locator("pre").last().innerText()).not.toBe("");
    await page.reload();
    const reopened = replies(page).first();
    await reopened.locator(".steps > summary").click();
    expect(await reopened.locator(".tool > summary").innerText()).toContain("current time");
    expect(await page.getByLabel("Graph").inputValue()).toBe("langgraph:assistant");
  });

  test("stop ends the run, closes the model's stream and leaves one receipt", async () => {
    const page = await open("/");
    const reply = await ask(page, "Long [[tokens:400]] [[delay:25]]", "langgraph:poet");
    await eventually(async () => wordNumbers(await replyText(reply)).length).toBeGreaterThan(5);
    await page.getByRole("button", { name: "Stop" }).click();
    await isOver(reply);
    await reply.getByText("You stopped this reply").waitFor();
    const runId = await runIdOf(reply);
    await eventually(() => api<RunRecord>(`/api/v1/ai/runs/${runId}`)).toMatchObject({
      status: "cancelled",
      books: { closed: true },
    });
    expect(
      product()
        .gateway.calls(runId ?? "")
        .map(({ clientClosedEarly }) => clientClosedEarly),
    ).toEqual([true]);
    const { items } = await api<{ items: unknown[] }>(`/api/v1/ai/runs/${runId}/receipts`);
    expect(items).toHaveLength(1);
    await page.getByRole("button", { name: "Send" }).waitFor();
    const written = wordNumbers(await replyText(reply));
    await page.reload();
    await eventually(async () => wordNumbers(await replyText(replies(page).first()))).toEqual(
      written,
    );
  });

  test("a reload in mid-stream goes on with the same text, without gap or repeat", async () => {
    const page = await open("/");
    const count = 150;
    const first = await ask(page, `Long [[tokens:${count}]] [[delay:25]]`, "langgraph:poet");
    await eventually(async () => wordNumbers(await replyText(first)).length).toBeGreaterThan(10);
    await page.reload();
    const reply = replies(page).first();
    await reply.waitFor();
    await eventually(async () => wordNumbers(await replyText(reply)).length).toBeGreaterThan(30);
    const middle = wordNumbers(await replyText(reply));
    expect(middle).toEqual(upTo(middle.length));
    expect(middle.length).toBeLessThan(count);
    await isOver(reply);
    expect(wordNumbers(await replyText(reply))).toEqual(upTo(count));
    expect(await replies(page).count()).toBe(1);
    expect(product().gateway.calls((await runIdOf(reply)) ?? "")).toHaveLength(1);
  });

  test("a lost socket comes back by itself and the text goes on", async () => {
    const page = await open("/");
    const cursors: string[] = [];
    await page.routeWebSocket(/\/socket\?/, (socket) => {
      cursors.push(new URL(socket.url()).searchParams.get("after") ?? "");
      const server = socket.connectToServer();
      let frames = 0;
      server.onMessage((message) => {
        frames += 1;
        if (cursors.length === 1 && frames === 8) void socket.close({ code: 1012 });
        else socket.send(message);
      });
    });
    const reply = await ask(page, "Long [[tokens:100]] [[delay:25]]", "langgraph:poet");
    await eventually(() => cursors.length).toBe(2);
    expect(Number(cursors[1])).toBeGreaterThan(0);
    await eventually(async () => wordNumbers(await replyText(reply)).length).toBeGreaterThan(20);
    const middle = wordNumbers(await replyText(reply));
    expect(middle).toEqual(upTo(middle.length));
    await isOver(reply);
  });

  test("a thread is found, reopened and deleted", async () => {
    const page = await open("/");
    await isOver(await ask(page, "Zebra crossing", "langgraph:poet"));
    const address = page.url();
    await page.getByRole("button", { name: "New chat" }).click();
    expect(new URL(page.url()).search).toBe("");
    await page.getByLabel("Search chats").fill("Zebra");
    const item = page.locator("#thread-list li");
    await eventually(() => item.count()).toBe(1);
    await item.getByRole("link").click();
    await eventually(() => page.url()).toBe(address);
    await page.locator(".question", { hasText: "Zebra crossing" }).waitFor();
    await replies(page).first().waitFor();
    expect(await replyText(replies(page).first())).toContain("Zebra crossing");
    await item.hover();
    await item.getByRole("button", { name: "Delete Zebra crossing" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("No chat matches.").waitFor();
    expect(new URL(page.url()).search).toBe("");
  });

  test("a second message goes on in the same thread", async () => {
    const page = await open("/");
    await isOver(await ask(page, "One", "langgraph:poet"));
    const address = page.url();
    await isOver(await ask(page, "Two", "langgraph:poet"));
    expect(page.url()).toBe(address);
    await page.goBack();
    await page.goForward();
    await eventually(() => replies(page).count()).toBe(2);
  });

  test("a failed run says what to do, and its question can be asked again", async () => {
    const page = await open("/");
    const reply = await ask(page, "Refused [[status:400]]", "langgraph:poet");
    await isOver(reply);
    expect(await reply.getByRole("alert").innerText()).toContain("did not accept the request");
    await reply.getByRole("button", { name: "Ask again" }).click();
    await eventually(() => replies(page).count()).toBe(2);
    await isOver(replies(page).last());
    expect(await page.locator(".question").allInnerTexts()).toEqual([
      "Refused [[status:400]]",
      "Refused [[status:400]]",
    ]);
  });

  test("what a model writes cannot run, load or lead anywhere by itself", async () => {
    const page = await open("/");
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    const attack = [
      "<script>document.title='owned'</script>",
      "<img src=x onerror=\"document.title='owned'\">",
      "[click](javascript:document.title='owned')",
      "![beacon](https://evil.example/p.png)",
      "<iframe src='https://evil.example/'></iframe>",
      "[site](https://example.com/)",
    ].join("\n\n");
    const reply = await ask(page, `[[say:${attack}]]`, "langgraph:poet");
    await isOver(reply);
    const text = reply.locator(".reply-text");
    expect(await text.locator("script, img, iframe").count()).toBe(0);
    expect(await text.innerText()).toContain("<script>");
    const links = await text
      .locator("a")
      .evaluateAll((found) =>
        found.map((link) => [
          link.getAttribute("href"),
          link.getAttribute("rel"),
          link.getAttribute("target"),
        ]),
      );
    expect(links).toEqual([
      ["https://evil.example/p.png", "noopener noreferrer", "_blank"],
      ["https://example.com/", "noopener noreferrer", "_blank"],
    ]);
    await text.getByText("click").click();
    expect(await page.title()).not.toBe("owned");
    expect(asked.filter((url) => url.includes("evil"))).toEqual([]);
  });

  test("Shift+Enter makes a new line and an input method's Enter sends nothing", async () => {
    const page = await open("/");
    await page.locator("#graph:not([disabled])").waitFor();
    const box = page.getByLabel("Message", { exact: true });
    await box.fill("one");
    await page.keyboard.press("Shift+Enter");
    await box.dispatchEvent("keydown", { key: "Enter", isComposing: true });
    expect(await box.inputValue()).toBe("one\n");
    expect(await replies(page).count()).toBe(0);
  });
});
