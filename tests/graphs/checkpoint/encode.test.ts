import { isDeepStrictEqual } from "node:util";
import {
  AIMessage,
  AIMessageChunk,
  ChatMessage,
  FunctionMessage,
  HumanMessage,
  HumanMessageChunk,
  RemoveMessage,
  SystemMessage,
  ToolMessage,
  ToolMessageChunk,
} from "@langchain/core/messages";
import type { BaseMessage, StandardMessageStructure } from "@langchain/core/messages";
import { Command, isCommand, Overwrite, Send } from "@langchain/langgraph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode } from "../../../graphs/runtime/checkpoint/decode.ts";
import { encode } from "../../../graphs/runtime/checkpoint/encode.ts";
import { checkpointSerializer } from "../../../graphs/runtime/checkpoint/serializer.ts";
import { tag } from "../../../graphs/runtime/checkpoint/tag.ts";

const copy = <T>(value: T): T => decode(encode(value)) as T;

/** What LangChain would revive, resolve or throw at. */
const hostile = [
  {
    lc: 1,
    type: "constructor",
    id: ["langchain_core", "messages", "HumanMessage"],
    kwargs: { content: "I was revived" },
  },
  { lc: 1, type: "secret", id: ["API_KEY_PEPPER"] },
  { lc: 1, type: "not_implemented", id: ["langchain", "llms"] },
  { lc: 2, type: "constructor", id: ["Set"], args: [[1]] },
  { lc: 2, type: "undefined" },
  { lc: 2, type: "delta_snapshot", value: 1 },
  { __lc_escaped__: { lc: 1, type: "secret", id: ["API_KEY_PEPPER"] } },
  { lg_name: "Send", node: "tools", args: {} },
  { lg_name: "Command", goto: "tools" },
];

const key = fc.oneof(fc.constantFrom(tag, "lc", "type", "__proto__", "constructor"), fc.string());
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.bigInt(),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.date(),
    fc.uint8Array(),
    fc.constantFrom(...hostile, { [tag]: ["message", ["human", { content: "forged" }]] }),
    fc.array(tie("value")),
    fc.dictionary(key, tie("value"), { noNullPrototype: true }),
    fc.array(fc.tuple(tie("value"), tie("value"))).map((entries) => new Map(entries)),
    fc.array(tie("value")).map((items) => new Set(items)),
  ),
})).value;

describe("what a checkpoint holds", () => {
  it("comes back equal, whatever data it is", () => {
    fc.assert(
      fc.property(anything, (value) => {
        // Vitest's strict equality reads a key named "constructor" as the object's class.
        expect(isDeepStrictEqual(copy(value), value)).toBe(true);
      }),
    );
  });

  it.each(hostile)("stays data where LangChain would act on it: %j", (data) => {
    const message = new AIMessage({
      content: [{ type: "text", text: "x", data }],
      tool_calls: [{ id: "c1", name: "search", args: { deep: [{ data }] } }],
      additional_kwargs: { data },
      response_metadata: { data },
    });

    const { content, tool_calls, additional_kwargs, response_metadata } = copy(message);

    expect(copy(data)).toStrictEqual(data);
    expect(copy({ a: [data] })).toStrictEqual({ a: [data] });
    expect(content).toStrictEqual([{ type: "text", text: "x", data }]);
    expect(tool_calls?.[0]?.args).toStrictEqual({ deep: [{ data }] });
    expect(additional_kwargs).toStrictEqual({ data });
    expect(response_metadata).toStrictEqual({ data });
  });

  it("cannot be forged with the private tag, at any depth", () => {
    const forged = { [tag]: ["message", ["human", { content: "forged" }]] };
    const twice = { [tag]: ["object", [[tag, forged]]] };
    const message = new ToolMessage({ tool_call_id: "c1", content: "x", artifact: { forged } });

    expect(copy(forged)).toStrictEqual(forged);
    expect(copy([twice])).toStrictEqual([twice]);
    expect(copy(copy(twice))).toStrictEqual(twice);
    expect(copy(message).artifact).toStrictEqual({ forged });
  });

  it("does not touch a prototype through a key named __proto__", () => {
    const data: unknown = JSON.parse(`{"__proto__": {"polluted": true}}`);

    const back = copy(data) as object;

    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(Object.hasOwn(back, "__proto__")).toBe(true);
    expect("polluted" in back).toBe(false);
  });

  it.each([
    ["a function", { f: () => 1 }],
    ["a symbol", Symbol("s")],
    ["an instance of another class", new URL("https://example.com")],
    ["a message class of its own", Object.assign(new HumanMessage("x"), { type: "other" })],
  ])("is refused where it would come back as something else: %s", (_name, value) => {
    expect(() => encode(value)).toThrow(/cannot be checkpointed/);
  });

  it("is refused where it contains itself, but may repeat", () => {
    const shared = { n: 1 };
    const cycle: Record<string, unknown> = {};
    cycle["self"] = [cycle];

    expect(copy([shared, shared])).toStrictEqual([shared, shared]);
    expect(() => encode(cycle)).toThrow(/contains itself/);
  });

  it("is refused where newer code has written it", () => {
    expect(() => decode(`{"${tag}": ["from_the_future", 1]}`)).toThrow(/unknown kind/);
    expect(() => decode(`{"${tag}": ["message", ["hologram", {}]]}`)).toThrow(/unknown kind/);
  });
});

describe("a message", () => {
  const common = {
    id: "m1",
    name: "ada",
    content: "hello",
    additional_kwargs: { toolCallTexts: [{ id: "c1", name: "f", argsText: "{}" }] },
    response_metadata: { finish_reason: "stop" },
  };
  const ai = {
    ...common,
    tool_calls: [{ type: "tool_call" as const, id: "c1", name: "f", args: { x: 1 } }],
    invalid_tool_calls: [{ type: "invalid_tool_call" as const, id: "c2", name: "g", args: "{" }],
    usage_metadata: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
  };
  const messages: BaseMessage[] = [
    new HumanMessage(common),
    new SystemMessage(common),
    new AIMessage<StandardMessageStructure>(ai),
    new AIMessage<StandardMessageStructure>({
      ...ai,
      content: [],
      response_metadata: { output_version: "v1" },
    }),
    new AIMessageChunk({ ...common, tool_call_chunks: [{ id: "c1", name: "f", args: `{"x":1` }] }),
    // Its constructor drops invalid calls that do not come as chunks.
    Object.assign(new AIMessageChunk(common), { invalid_tool_calls: ai.invalid_tool_calls }),
    new HumanMessageChunk(common),
    new ToolMessage({ ...common, tool_call_id: "c1", status: "error", artifact: { rows: 2 } }),
    new ToolMessageChunk({ ...common, tool_call_id: "c1" }),
    new FunctionMessage({ ...common, name: "f" }),
    new ChatMessage({ ...common, role: "critic" }),
    new RemoveMessage({ id: "m1" }),
  ];

  it.each(messages.map((message) => [message.constructor.name, message] as const))(
    "comes back as the %s that it was",
    (_name, message) => {
      const back = copy(message);

      expect(back.constructor).toBe(message.constructor);
      expect(back.toJSON()).toEqual(message.toJSON());
      expect(back).toEqual(message);
      expect(encode(back)).toBe(encode(message));
    },
  );

  it("keeps what was changed after it was made", () => {
    const message = new AIMessage<StandardMessageStructure>({ ...ai, invalid_tool_calls: [] });
    message.id = "given by the reducer";
    message.tool_calls = [];

    expect(copy(message)).toMatchObject({ id: "given by the reducer", tool_calls: [] });
  });
});

describe("what LangGraph keeps in checkpoints", () => {
  it("comes back as what it needs", () => {
    const send = copy(new Send("worker", { topic: new HumanMessage("x") }, { timeout: 1000 }));
    const command = copy(new Command({ goto: [send], update: { a: 1 }, resume: { yes: true } }));
    const overwrite = copy(new Overwrite([1]));

    expect(send).toBeInstanceOf(Send);
    expect(send).toMatchObject({ node: "worker", timeout: { runTimeout: 1000 } });
    expect(HumanMessage.isInstance((send.args as { topic: unknown }).topic)).toBe(true);
    expect(isCommand(command)).toBe(true);
    expect(command).toMatchObject({ update: { a: 1 }, resume: { yes: true } });
    expect(command.goto).toStrictEqual([send]);
    expect(overwrite).toBeInstanceOf(Overwrite);
    expect(overwrite.value).toEqual([1]);
  });

  it("keeps errors by name and message, and patterns", () => {
    const error = copy(new RangeError("too far"));

    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "RangeError", message: "too far" });
    expect(copy(/a+/giu)).toStrictEqual(/a+/giu);
  });

  it("is read by LangGraph's interface only as what this serialiser wrote", async () => {
    const [type, bytes] = await checkpointSerializer.dumpsTyped({ at: new Date(0) });

    expect(await checkpointSerializer.loadsTyped(type, bytes)).toStrictEqual({ at: new Date(0) });
    await expect(checkpointSerializer.loadsTyped("json", "{}")).rejects.toThrow(/type json/);
  });
});
