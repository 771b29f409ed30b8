import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AnswerSoFar } from "../../src/completion/answer-so-far.ts";
import { readAnswer } from "../../src/completion/read-answer.ts";
import { defaultLimits, UpstreamTimer } from "../../src/completion/upstream-timer.ts";

const chunk = (value: object) => `data: ${JSON.stringify(value)}\n\n`;
const delta = (more: object) => chunk({ id: "c", model: "m", choices: [{ delta: more }] });
const finish = chunk({ choices: [{ delta: {}, finish_reason: "stop" }] });

async function read(pieces: readonly Uint8Array[]) {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const soFar = new AnswerSoFar();
  const timer = new UpstreamTimer(defaultLimits.totalMsMax, () => {});
  const texts: string[] = [];
  const answer = readAnswer(body, soFar, timer, defaultLimits);
  for (;;) {
    const next = await answer.next();
    if (next.done === true) {
      timer.stop();
      return { end: next.value, texts, soFar };
    }
    texts.push(next.value);
  }
}

const readText = (text: string) => read([new TextEncoder().encode(text)]);

describe("reading an answer", () => {
  it("says the same however the bytes are cut", async () => {
    const whole = new TextEncoder().encode(
      `: hi\r\n\r\n${delta({ content: "Grüße 🦜 " })}${delta({ content: "日本語" })}${finish}data: [DONE]\n\n`,
    );
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(whole.length), { maxLength: 30 }), async (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
        const pieces = at.slice(1).map((end, index) => whole.slice(at[index], end));
        const { end, texts, soFar } = await read(pieces);
        expect([end, texts.join(""), soFar.text]).toEqual([
          "whole",
          "Grüße 🦜 日本語",
          "Grüße 🦜 日本語",
        ]);
      }),
    );
  });

  it("gives one piece of text for all that arrives together", async () => {
    const { texts } = await readText(`${delta({ content: "a" }).repeat(50)}${finish}`);
    expect(texts).toEqual(["a".repeat(50)]);
  });

  it.each([
    ["nothing", ""],
    ["HTML", "<html>\n\n</html>\n\n"],
    ["JSON that is no event", '{"error":{"message":"x"}}'],
    ["no finish reason", delta({ content: "a" })],
    ["[DONE] without a finish reason", `${delta({ content: "a" })}data: [DONE]\n\n`],
    ["a broken event", `${finish}data: {"id":\n\n`],
    ["a number for an event", `${finish}data: 7\n\n`],
    ["text that is no string", delta({ content: 5 }) + finish],
    ["an error event", `${delta({ content: "a" })}${chunk({ error: { message: "x" } })}${finish}`],
    ["an answer too long to be kept", delta({ content: "a".repeat(800_000) }).repeat(2) + finish],
    ["an event too long to be parsed", `data: ${"a".repeat(1_100_000)}`],
  ])("takes %s for malformed", async (_name, text) => {
    expect((await readText(text)).end).toBe("malformed");
  });

  const bytesKept = (soFar: AnswerSoFar) => {
    const { text, finishReason, servedModel } = soFar;
    const kept = JSON.stringify([text, soFar.toolCalls(), finishReason, servedModel]);
    return new TextEncoder().encode(kept).length;
  };
  const usage = { prompt_tokens: 100, completion_tokens: 700_000 };
  const long = (more: object) =>
    chunk({ model: "m".repeat(900), choices: [{ delta: more, finish_reason: "stop" }], usage });
  const named = (index: number) =>
    delta({ tool_calls: [{ index, id: `${index}`, function: { name: "f".repeat(90_000) } }] });

  it.each([
    ["one event of Han characters", long({ content: "漢".repeat(900_000) })],
    ["control characters", delta({ content: "\u0001".repeat(100_000) }).repeat(3) + finish],
    ["names of tools", [...Array(30).keys()].map(named).join("") + finish],
    ["ids of tools", long({ tool_calls: [{ id: "漢".repeat(900_000) }] })],
    ["a finish reason", chunk({ choices: [{ delta: {}, finish_reason: "漢".repeat(900_000) }] })],
  ])("keeps less than a row holds of an answer with too much of %s", async (_name, text) => {
    const { end, soFar } = await readText(text);
    expect(end).toBe("malformed");
    expect(bytesKept(soFar)).toBeLessThan(1_900_000);
  });

  it("reads an answer that is not streamed, however its JSON is laid out", async () => {
    const message = { role: "assistant", content: "Grüße\ndata: 7" };
    const completion = {
      id: "c",
      model: "m",
      choices: [{ message, finish_reason: "stop" }],
      usage,
    };
    for (const indent of [0, 2]) {
      const { end, texts, soFar } = await readText(JSON.stringify(completion, null, indent));
      expect([end, texts]).toEqual(["whole", [message.content]]);
      expect(soFar).toMatchObject({ bodyId: "c", servedModel: "m", isUsageWhole: true });
    }
  });

  it("keeps the usage of an answer that is too long", async () => {
    const { soFar } = await readText(long({ content: "漢".repeat(900_000) }));
    expect(soFar).toMatchObject({ text: "", finishReason: null, isUsageWhole: true });
    expect(soFar.usage).toMatchObject({ outputTokens: 700_000 });
  });

  it("cuts the name of the model that answered", async () => {
    const { soFar } = await readText(long({ content: "hi" }));
    expect(soFar.servedModel).toHaveLength(512);
  });

  const counting = (choices: object[]) => chunk({ choices, usage });
  const stop = { delta: {}, finish_reason: "stop" };
  it.each([
    ["with the finish", true, counting([stop])],
    ["after the finish", true, finish + counting([])],
    ["before the finish", false, counting([]) + finish],
    ["on the way", false, counting([]) + delta({ content: "a" })],
    ["last of all", true, `${delta({ content: "a" })}${counting([])}data: [DONE]\n\n`],
    ["in the middle", false, `${counting([])}${delta({ content: "a" })}data: [DONE]\n\n`],
  ])("usage that comes %s counts the whole answer: %s", async (_name, isUsageWhole, text) => {
    const { soFar } = await readText(text);
    expect([soFar.usage?.inputTokens, soFar.isUsageWhole]).toEqual([100, isUsageWhole]);
  });

  it("ignores what follows [DONE]", async () => {
    const { end, soFar } = await readText(
      `${delta({ content: "a" })}${finish}data: [DONE]\n\n${delta({ content: "b" })}data: {\n\n`,
    );
    expect([end, soFar.text]).toEqual(["whole", "a"]);
  });

  it("a body that breaks is lost, but not after [DONE]", async () => {
    const ends = [];
    for (const text of [finish, `${finish}data: [DONE]\n\n`]) {
      const pieces = [new TextEncoder().encode(text)];
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          const piece = pieces.shift();
          if (piece === undefined) controller.error(new Error("reset"));
          else controller.enqueue(piece);
        },
      });
      const timer = new UpstreamTimer(1_000, () => {});
      const answer = readAnswer(body, new AnswerSoFar(), timer, defaultLimits);
      ends.push((await answer.next()).value);
      timer.stop();
    }
    expect(ends).toEqual(["lost", "whole"]);
  });
});

describe("tool calls in pieces", () => {
  const call = (index: number | undefined, id: string | undefined, name: string, args: string) =>
    delta({
      tool_calls: [
        {
          ...(index === undefined ? {} : { index }),
          ...(id === undefined ? {} : { id }),
          function: { name, arguments: args },
        },
      ],
    });

  it.each([
    [
      "numbered",
      call(0, "a", "f", '{"x"') +
        call(1, "b", "g", "{") +
        call(0, undefined, "", ":1}") +
        call(1, undefined, "", "}"),
    ],
    [
      "not numbered",
      call(undefined, "a", "f", '{"x"') +
        call(undefined, undefined, "", ":1}") +
        call(undefined, "b", "g", "{}"),
    ],
    [
      "all numbered 0",
      call(0, "a", "f", '{"x":1}') + call(0, "b", "g", "{") + call(0, undefined, "", "}"),
    ],
    [
      "with the id in every piece",
      call(0, "a", "f", '{"x"') + call(0, "a", "", ":1}") + call(1, "b", "g", "{}"),
    ],
  ])("%s: two calls", async (_name, text) => {
    const { soFar } = await readText(text + finish);
    expect(soFar.toolCalls()).toEqual([
      { id: "a", name: "f", argsText: '{"x":1}' },
      { id: "b", name: "g", argsText: "{}" },
    ]);
  });
});
