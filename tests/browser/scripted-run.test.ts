import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { RunEvent } from "../../src/ports/ai-event.ts";
import type { JsonValue } from "../../src/ports/json.ts";
import { ask, isOver, replyText } from "./chat-page.ts";
import { scriptedRun } from "./scripted-run.ts";
import { describeInBrowser, eventually } from "./suite.ts";

const graphId = "langgraph:poet";
const usage = { calls: 1, inputTokens: 1, outputTokens: 1 };
const message = { messageId: "m1", nodeKey: "poet" };

const started: RunEvent = { type: "run_started", runId: "r", attempt: 0, graphId, model: "m" };
const done: RunEvent = { type: "done", status: "success", usage };
const working: RunEvent = { type: "status", phase: "thinking" };
const text = (delta: string): RunEvent => ({ type: "text_delta", ...message, delta });
const asks = (interruptId: string, value: JsonValue): RunEvent => ({
  type: "interrupt",
  interruptId,
  value,
});

/** Every answer that the page sends, which is taken without asking the product. */
async function answersOf(page: Page): Promise<JsonValue[]> {
  const answers: JsonValue[] = [];
  await page.route("**/resume", async (route) => {
    answers.push(route.request().postDataJSON() as JsonValue);
    await route.fulfill({ status: 202, json: {} });
  });
  return answers;
}

describeInBrowser("what a run goes through", ({ open }) => {
  test("after a crash it says that it recovers, takes the unfinished text back, and says so", async () => {
    const page = await open("/");
    const run = await scriptedRun(page);
    const told: string[] = [];
    await page.exposeFunction("tell", (spoken: string) => told.push(spoken));
    await page.evaluate(() => {
      const region = document.getElementById("announcer")!;
      const { tell } = window as unknown as { tell(spoken: string): void };
      new MutationObserver(() => tell(region.textContent)).observe(region, { childList: true });
    });
    const reply = await ask(page, "Anything", graphId);
    await run.tell(started, text("The sea rises and then it fa"));
    await eventually(() => replyText(reply)).toContain("The sea rises");
    await run.tell({ type: "status", phase: "recovering" });
    await reply.getByText("Recovering after an interruption…").waitFor();
    await run.tell({ type: "text_reset", ...message });
    await eventually(() => replyText(reply)).toBe("");
    await eventually(() => told).toContain("Starting this part again.");
    await run.tell(working, text("The sea falls."));
    await eventually(() => replyText(reply)).toBe("The sea falls.");
    await run.tell({ type: "assistant_final", messageId: "m1", content: "The sea falls." }, done);
    await isOver(reply);
    expect(await replyText(reply)).toBe("The sea falls.");
  });

  test("a reset that came while the connection was lost is made up for from the cursor", async () => {
    const page = await open("/");
    const run = await scriptedRun(page);
    const reply = await ask(page, "Anything", graphId);
    await run.tell(started, text("Half a sen"));
    await eventually(() => replyText(reply)).toBe("Half a sen");
    expect(await run.cut()).toBe("2");
    await run.tell({ type: "text_reset", ...message }, text("A whole sentence."));
    await eventually(() => replyText(reply)).toBe("A whole sentence.");
    await run.tell(done);
    await isOver(reply);
  });

  test("any question can be answered in words or in JSON, and an empty answer is not sent", async () => {
    const page = await open("/");
    const run = await scriptedRun(page);
    const answers = await answersOf(page);
    const reply = await ask(page, "Anything", graphId);
    await run.tell(started, asks("q.0", "Which city?"));
    const card = reply.getByRole("region", { name: "Your answer is needed" });
    await card.getByText("Which city?").waitFor();
    await card.getByRole("button", { name: "Send answer" }).click();
    await card.getByText("Write an answer first.").waitFor();
    await card.getByLabel("Answer").fill("Berlin");
    await card.getByRole("button", { name: "Send answer" }).click();
    await eventually(() => answers).toEqual([{ interruptId: "q.0", value: "Berlin" }]);
    await run.tell(working, asks("q.1", { choices: [1, 2] }));
    await reply.getByText("Answered: Berlin").waitFor();
    await card.getByText('"choices"').waitFor();
    await card.getByLabel("Answer").fill('{"choice": 2}');
    await card.getByRole("button", { name: "Send answer" }).click();
    await eventually(() => answers).toHaveLength(2);
    expect(answers[1]).toEqual({ interruptId: "q.1", value: { choice: 2 } });
    await run.tell(working, done);
    await isOver(reply);
  });

  test("an answer that was cut off says so", async () => {
    const page = await open("/");
    const run = await scriptedRun(page);
    const reply = await ask(page, "Anything", graphId);
    await run.tell(started, text("Once upon a"), { ...done, finishReason: "length" });
    await isOver(reply);
    await reply.getByText("Cut off at the model's limit").waitFor();
    await eventually(() => page.locator("#announcer").innerText()).toContain("Reply finished.");
  });

  test("an empty answer says so", async () => {
    const page = await open("/");
    const run = await scriptedRun(page);
    const reply = await ask(page, "Anything", graphId);
    expect(await reply.locator(".steps").isVisible()).toBe(false);
    await run.tell(started, { type: "assistant_final", messageId: "m1", content: "" }, done);
    await reply.getByText("The model gave an empty answer").waitFor();
    expect(await reply.locator(".steps").isVisible()).toBe(false);
  });

  test("of two questions each has its own card and is answered by its own name", async () => {
    const page = await open("/");
    const run = await scriptedRun(page);
    const answers = await answersOf(page);
    const reply = await ask(page, "Anything", graphId);
    const second = asks("b.0", { question: "Second?" });
    await run.tell(started, asks("a.0", { question: "First?" }), second);
    const cards = reply.getByRole("region", { name: "Your answer is needed" });
    await eventually(() => cards.count()).toBe(2);
    await cards.first().getByRole("button", { name: "Decline" }).click();
    await run.tell(working, second);
    await eventually(() => cards.count()).toBe(1);
    await cards.getByText("Second?").waitFor();
    await cards.getByRole("button", { name: "Approve" }).click();
    await run.tell(working, done);
    await isOver(reply);
    expect(answers).toEqual([
      { interruptId: "a.0", value: { approved: false } },
      { interruptId: "b.0", value: { approved: true } },
    ]);
    expect(await reply.locator(".question-outcome").allInnerTexts()).toEqual([
      "Declined",
      "Approved",
    ]);
  });

  test("a question or a draft cannot run, load or lead anywhere by itself", async () => {
    const page = await open("/");
    const run = await scriptedRun(page);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    const attack = "<img src=https://evil.example/p.png> [x](javascript:document.title='owned')";
    const reply = await ask(page, "Anything", graphId);
    await run.tell(started, asks("q.0", { question: attack, draft: attack }), asks("q.1", attack));
    const cards = reply.getByRole("region", { name: "Your answer is needed" });
    await eventually(() => cards.count()).toBe(2);
    expect(await cards.locator("img, script, a").count()).toBe(0);
    expect(await cards.last().innerText()).toContain("<img src=");
    expect(asked.filter((url) => url.includes("evil"))).toEqual([]);
    await run.tell(done);
    await isOver(reply);
  });
});
