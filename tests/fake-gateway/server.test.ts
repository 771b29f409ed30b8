import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answerFor, costOf } from "./answer.ts";
import { lastUserText, readDirectives, withoutDirectives } from "./directives.ts";
import type { FakeGateway } from "./server.ts";
import { startFakeGateway } from "./server.ts";

let fake: FakeGateway;
beforeAll(async () => {
  fake = await startFakeGateway();
});
afterAll(() => fake.close());

const user = (content: string) => ({ role: "user", content });

async function post(content: string, more: object = {}, headers: Record<string, string> = {}) {
  return fetch(`${fake.url}/v1/chat/completions`, {
    method: "POST",
    headers,
    body: JSON.stringify({ model: "m", user: "run_a/0", messages: [user(content)], ...more }),
  });
}

describe("the fake gateway", () => {
  it("adopts a sent call id and states the exact cost of its usage", async () => {
    const response = await post("hello", {}, { "x-litellm-call-id": "mine" });
    const body = await response.json<{ id: string; usage: Record<string, number> }>();
    expect(response.headers.get("x-litellm-call-id")).toBe("mine");
    const { prompt_tokens: input = 0, completion_tokens: output = 0 } = body.usage;
    expect(response.headers.get("x-litellm-response-cost")).toBe(costOf(input, output));
    expect(body.id).toMatch(/^chatcmpl-/);
  });

  it("answers the same request with the same text, streamed or not", async () => {
    const whole = await (
      await post("hi there")
    ).json<{ choices: { message: { content: string } }[] }>();
    const streamed = await (await post("hi there", { stream: true })).text();
    const pieces = [...streamed.matchAll(/"content":"([^"]*)"/g)].map(([, piece]) => piece);
    expect(pieces.join("")).toBe(whole.choices[0]?.message.content);
  });

  it("logs every call by user, counts them, and forgets them on request", async () => {
    const gateway = await startFakeGateway();
    const call = (name: string) =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: "POST",
        body: JSON.stringify({ model: "m", user: name, messages: [user("x [[status:503]]")] }),
      });
    await Promise.all([call("run_1/0"), call("run_1/1"), call("run_2/0")]);
    const log = await (await fetch(`${gateway.url}/_log?user=run_1/`)).json<unknown[]>();
    expect(log).toHaveLength(2);
    expect(log[0]).toMatchObject({ status: 503, costUsd: "0", finished: true });
    expect(await (await fetch(`${gateway.url}/_log/count`)).json()).toEqual({ count: 3, ok: 0 });
    await fetch(`${gateway.url}/_log`, { method: "DELETE" });
    expect(gateway.calls()).toEqual([]);
    await gateway.close();
  });

  it("costs are exact decimals", () => {
    expect([costOf(1, 0), costOf(0, 1), costOf(2_000_000, 1_000_000), costOf(0, 0)]).toEqual([
      "0.00000015",
      "0.0000006",
      "0.9",
      "0",
    ]);
  });
});

describe("a loop of tool calls", () => {
  const asked = user("go [[loop:core__calculator {}]] [[loop-times:2]] [[tokens:3]]");
  const answer = (results: number) => {
    const messages = [asked, ...Array.from({ length: results }, () => ({ role: "tool" }))];
    return answerFor(messages, readDirectives("m", "run/0", messages));
  };

  it("ends with an answer once it has had its results", () => {
    expect([0, 1].map((results) => answer(results).toolCalls.length)).toEqual([1, 1]);
    expect(answer(2).toolCalls).toEqual([]);
    expect(answer(2).tokens).toHaveLength(3);
  });
});

describe("directives", () => {
  it("come from the last user message, arguments in JSON included", () => {
    const messages = [
      user("[[status:500]]"),
      user('do it [[tool:t {"a":[[1]]}]] [[delay:5]] please'),
    ];
    const directives = readDirectives("m", "run/0", messages);
    expect(directives.text("tool")).toBe('t {"a":[[1]]}');
    expect(directives.number("delay", 0)).toBe(5);
    expect(directives.has("status")).toBe(false);
    expect(withoutDirectives(lastUserText(messages))).toBe("do it please");
  });

  it("come from the model's name too", () => {
    const directives = readDirectives("fake/status:503+retry-after:7", "", [user("x")]);
    expect([directives.text("status"), directives.text("retry-after")]).toEqual(["503", "7"]);
  });

  it("may hold for one attempt, or only once a tool has answered", () => {
    const messages = [user("[[@0 status:500]] [[@tool status:501]] [[@1@tool status:502]]")];
    const withResult = [...messages, { role: "tool", content: "42" }];
    const read = (run: string, sent: typeof messages) =>
      readDirectives("m", run, sent).texts("status");
    expect(read("run/0", messages)).toEqual(["500"]);
    expect(read("run/1", messages)).toEqual([]);
    expect(read("run/1", withResult)).toEqual(["501", "502"]);
  });
});
