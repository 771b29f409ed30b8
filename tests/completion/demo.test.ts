import { afterEach, describe, expect, it, vi } from "vitest";
import { createDemoGateway } from "../../src/completion/demo.ts";
import type {
  CompletionMessage,
  GatewayEvent,
  GatewayRequest,
} from "../../src/ports/completion.ts";
import { ask, bench, textIn } from "./setup.ts";

const tool = (name: string) => ({ name, description: "", parameters: { type: "object" } });
const allTools = ["core__current_time", "core__calculator", "core__own_usage"].map(tool);

function requestOf(more: Partial<GatewayRequest> = {}): GatewayRequest {
  return {
    model: "demo/small",
    messages: [{ role: "user", content: "hello" }],
    tools: [],
    maxOutputTokens: 2_048,
    dispatchId: "dsp_1",
    endUser: "run_1/0",
    runId: "run_1",
    signal: new AbortController().signal,
    ...more,
  };
}

async function eventsOf(request: GatewayRequest): Promise<GatewayEvent[]> {
  const events: GatewayEvent[] = [];
  for await (const event of createDemoGateway({ paceMs: 0 }).executeStream(request)) {
    events.push(event);
  }
  return events;
}

async function answerOf(more: Partial<GatewayRequest>) {
  const end = (await eventsOf(requestOf(more))).at(-1);
  return end?.type === "end" && end.ok ? end.answer : null;
}

const asking = (content: string) => [{ role: "user", content }] as CompletionMessage[];

describe("the demo model", () => {
  it("says the same to the same request, and that it is a demo model", async () => {
    const [first, second] = [await eventsOf(requestOf()), await eventsOf(requestOf())];
    expect(first).toEqual(second);
    expect(textIn(first)).toMatch(/demo model/i);
    expect(textIn(first)).toContain("hello");
  });

  it("gives ids that contain the run id and differ by dispatch", async () => {
    const one = await answerOf({});
    const other = await answerOf({ dispatchId: "dsp_2" });
    expect(one?.callId).toContain("run_1");
    expect(one?.callId).not.toBe(other?.callId);
  });

  it.each([
    ["What time is it in Europe/Berlin?", "core__current_time", { timeZone: "Europe/Berlin" }],
    ["What time is it in Tokyo?", "core__current_time", { timeZone: "Asia/Tokyo" }],
    ["what time is it in new york", "core__current_time", { timeZone: "America/New_York" }],
    ["Time in São Paulo, please", "core__current_time", { timeZone: "America/Sao_Paulo" }],
    ["What time does Chrome show?", "core__current_time", {}],
    ["What is (2 + 3) * 4?", "core__calculator", { expression: "(2 + 3) * 4" }],
    ["what is 7×6", "core__calculator", { expression: "7*6" }],
    ["How much credit is my balance?", "core__own_usage", {}],
  ])("%s: calls %s where it is offered", async (question, name, args) => {
    const offered = await answerOf({ messages: asking(question), tools: allTools });
    expect(offered?.toolCalls).toMatchObject([{ name, argsText: JSON.stringify(args) }]);
    expect(offered?.finishReason).toBe("tool_calls");
    const withheld = await answerOf({ messages: asking(question) });
    expect(withheld?.toolCalls).toEqual([]);
    expect(withheld?.text).not.toBe("");
  });

  it.each([
    [
      "core__current_time",
      {},
      {
        utc: "2026-11-22T01:47:10.000Z",
        local: "2026-11-22T10:47:10+09:00",
        weekday: "Sunday",
        timeZone: "Asia/Tokyo",
      },
      "It is 10:47 in Asia/Tokyo (Sunday).",
    ],
    [
      "core__calculator",
      { expression: "19.99 * 12 + 42" },
      { result: "281.88", isExact: true },
      "19.99 * 12 + 42 = 281.88.",
    ],
    [
      "core__calculator",
      { expression: "1 / 3" },
      { result: "0.33", isExact: false },
      "1 / 3 ≈ 0.33.",
    ],
    ["core__own_usage", {}, { availableUsd: "4.9987" }, "You have $4.99 left."],
    ["core__own_usage", {}, { availableUsd: "-0.02" }, "You have -$0.02 left."],
    ["core__current_time", {}, { utc: "noon" }, 'The tool answered: `{"utc":"noon"}`'],
    ["core__calculator", [], { error: { code: "failed" } }, "The tool answered: `{"],
    ["core__own_usage", {}, "not JSON", 'The tool answered: `"not JSON"`'],
    ["their__tool", {}, 5, "The tool answered: `5`"],
  ])("says what %s answered, instead of calling again", async (name, args, result, sentence) => {
    const messages: CompletionMessage[] = [
      { role: "user", content: "what time is it" },
      {
        role: "assistant",
        content: "",
        toolCalls: [{ id: "c1", name, argsText: JSON.stringify(args) }],
      },
      { role: "tool", toolCallId: "c1", content: JSON.stringify(result) },
    ];
    const answer = await answerOf({ messages, tools: allTools });
    expect(answer?.toolCalls).toEqual([]);
    expect(answer?.text.startsWith(sentence)).toBe(true);
    expect(answer?.text).toMatch(/demo model/);
  });

  it("repeats a tool's answer that is no JSON, or belongs to no call", async () => {
    const messages: CompletionMessage[] = [
      { role: "user", content: "what time is it" },
      { role: "tool", toolCallId: "c1", content: "half past" },
    ];
    const answer = await answerOf({ messages, tools: allTools });
    expect(answer?.text).toContain("The tool answered: `half past`");
  });

  it("calls again for a new question in a conversation that has older tool results", async () => {
    const messages: CompletionMessage[] = [
      { role: "user", content: "what time is it" },
      { role: "tool", toolCallId: "c1", content: "{}" },
      { role: "assistant", content: "noon" },
      { role: "user", content: "and what is 2 + 2" },
    ];
    const answer = await answerOf({ messages, tools: allTools });
    expect(answer?.toolCalls).toMatchObject([{ name: "core__calculator" }]);
  });

  it("does not take a plain question for arithmetic or usage", async () => {
    const messages = asking("tell me about rivers");
    expect((await answerOf({ messages, tools: allTools }))?.toolCalls).toEqual([]);
  });

  it.each([
    ["Answer with a JSON list of questions.", /^\["What exactly/],
    ['Write questions, one a line, each starting with "- ".', /^- What exactly/],
    ["You are a poet.", /demo model.*\n.*/i],
    ["Write a report.\n\nQuestion: a?\nFinding: b.", /### a\?\n\nb\./],
  ])("does what a system prompt asks for: %s", async (system, expected) => {
    const messages: CompletionMessage[] = [
      { role: "system", content: system },
      ...asking("rivers"),
    ];
    expect((await answerOf({ messages }))?.text).toMatch(expected);
  });

  it("quotes a question that holds quotes so that both are seen", async () => {
    const system = { role: "system" as const, content: "You are given one question." };
    const question = "What exactly is meant by “rivers”?";
    const answer = await answerOf({ messages: [system, ...asking(question)] });
    expect(answer?.text).toContain("On “What exactly is meant by ‘rivers’?” the");
  });

  it("writes a poem of its subject, not of the words around it", async () => {
    const system = { role: "system" as const, content: "You are a poet." };
    const answer = await answerOf({
      messages: [system, ...asking("Please write me a short poem about the sea")],
    });
    expect(answer?.text).toContain("was asked of sea,");
  });

  it("is billed by the price table through the completion unit", async () => {
    const unit = bench(null);
    const { final } = await unit.run(ask("hello", { model: "demo/small" }));
    expect(final.ok).toBe(true);
    const [fact] = unit.journal.facts();
    expect(fact).toMatchObject({ source: "demo", provenance: "price_table", settlement: "final" });
    expect(Number(fact?.costUsd)).toBeGreaterThan(0);
    expect(unit.log.lines).toEqual([]);
  });
});

describe("the demo model's pace", () => {
  afterEach(() => void vi.useRealTimers());

  it("sends word by word, and stops in the middle when it is aborted", async () => {
    vi.useFakeTimers();
    const stop = new AbortController();
    const events: GatewayEvent[] = [];
    const draining = (async () => {
      const request = requestOf({ signal: stop.signal });
      for await (const event of createDemoGateway({ paceMs: 20 }).executeStream(request)) {
        events.push(event);
      }
    })();
    await vi.advanceTimersByTimeAsync(65);
    expect(events.map(({ type }) => type)).toEqual(["headers", "text", "text", "text"]);
    stop.abort();
    await draining;
    expect(events.at(-1)).toMatchObject({
      ...{ type: "end", ok: false, answered: true, error: { code: "aborted" } },
      answer: { text: textIn(events), usage: null, finishReason: null },
    });
    expect(vi.getTimerCount()).toBe(0);
  });
});
