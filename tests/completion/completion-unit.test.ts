import { describe, expect, it } from "vitest";
import { executeCompletionUnit } from "../../src/completion/execute-completion-unit.ts";
import type { AiEvent } from "../../src/ports/ai-event.ts";
import type { GatewayAnswer, GatewayEnd, GatewayEvent } from "../../src/ports/completion.ts";
import { ask, bench, context, ScriptedGateway } from "./setup.ts";

const usage = {
  inputTokens: 100,
  outputTokens: 10,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  costUsd: null,
  raw: { prompt_tokens: 100, completion_tokens: 10 },
};
const answer: GatewayAnswer = {
  text: "Hello there",
  toolCalls: [],
  finishReason: "stop",
  usage,
  isUsageWhole: true,
  callId: "call-1",
  providerCallId: "chatcmpl-1",
  servedModel: "paid-2026",
  headerCostUsd: "0.000021",
};
const headers = {
  type: "headers" as const,
  callId: "call-1",
  costUsd: "0.000021",
  servedModel: null,
};
const text = (delta: string): GatewayEvent => ({ type: "text", delta });
const ended = (more: Partial<GatewayAnswer> = {}): GatewayEnd => ({
  type: "end",
  ok: true,
  answer: { ...answer, ...more },
});
const broken = (more: Partial<Extract<GatewayEnd, { ok: false }>> = {}): GatewayEnd => ({
  type: "end",
  ok: false,
  error: { code: "provider_unavailable", message: "broke off" },
  sent: true,
  answered: true,
  answer: null,
  ...more,
});
const whole = [headers, text("Hello "), text("there"), ended()];

function unitOf(events: readonly (GatewayEvent | "hang")[]) {
  const gateway = new ScriptedGateway(events);
  return { gateway, ...bench(gateway) };
}

describe("a completion unit", () => {
  it("yields the content, then one usage report, then ends without done", async () => {
    const { run, journal } = unitOf(whole);
    const { events, final } = await run(ask("hi"));
    expect(events.map(({ type }) => type)).toEqual(["text_delta", "text_delta", "usage_report"]);
    expect(events[0]).toEqual({
      type: "text_delta",
      messageId: "msg_0",
      nodeKey: "poet",
      delta: "Hello ",
    });
    expect(final).toMatchObject({ ok: true, requestId: context.requestId });
    expect(journal.calls.map(({ state }) => state)).toEqual(["settled"]);
    expect(events.at(-1)).toEqual({ type: "usage_report", fact: journal.facts()[0] });
  });

  it("states cost, ids and identity of the call in its fact", async () => {
    const { run, journal } = unitOf(whole);
    await run(ask("hi"));
    expect(journal.facts()).toEqual([
      {
        ...{ runId: "run_test", attempt: 0, requestId: "req_test", graphId: "langgraph:poet" },
        ...{ billingAccountId: "acct_test", virtualKeyId: "key_test", trigger: "chat" },
        ...{ usageUnitId: "call-1", providerCallId: "chatcmpl-1", source: "litellm" },
        ...{ executorType: "inproc", provider: "fake", model: "paid", servedModel: "paid-2026" },
        ...{ inputTokens: 100, outputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0 },
        ...{ reasoningTokens: 0, costUsd: "0.000021", provenance: "header", settlement: "final" },
        ...{ occurredAt: "2026-11-21T00:00:00.000Z", usageRaw: usage.raw },
      },
    ]);
  });

  it("is lazy: nothing is opened or sent before the first pull", async () => {
    const { deps, gateway, journal } = unitOf(whole);
    const unit = executeCompletionUnit(deps, ask("hi"));
    await Promise.resolve();
    expect([gateway.requests, journal.calls.length]).toEqual([0, 0]);
    await unit.stream[Symbol.asyncIterator]().return?.();
  });

  it("settles final as aborted when it is closed before the first pull", async () => {
    const { deps, gateway, journal } = unitOf(whole);
    const { stream, final } = executeCompletionUnit(deps, ask("hi"));
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.return?.();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(await final).toMatchObject({ ok: false, error: { code: "aborted" } });
    expect([gateway.requests, journal.calls.length]).toEqual([0, 0]);
  });

  it("closed in the middle, it aborts the upstream, waits for its end and records the call", async () => {
    const { deps, gateway, journal } = unitOf([headers, text("Hello "), "hang"]);
    const { stream, final } = executeCompletionUnit(deps, ask("hi"));
    for await (const event of stream) {
      expect(event.type).toBe("text_delta");
      break;
    }
    expect([gateway.aborted, gateway.closed]).toEqual([true, true]);
    expect(journal.calls.map(({ state }) => state)).toEqual(["cancelled"]);
    expect(journal.facts()).toMatchObject([{ settlement: "unknown", usageUnitId: "call-1" }]);
    expect(await final).toMatchObject({ ok: false, error: { code: "aborted" } });
  });

  it("closed while a pull is waiting, it ends that pull too", async () => {
    const { deps, gateway, journal } = unitOf([headers, "hang"]);
    const { stream, final } = executeCompletionUnit(deps, ask("hi"));
    const iterator = stream[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await Promise.all([waiting, iterator.return?.()]);
    expect(await final).toMatchObject({ ok: false, error: { code: "aborted" } });
    expect(gateway.closed).toBe(true);
    expect(journal.openCalls()).toEqual([]);
  });

  it("aborted by the run, it reports what the call owes", async () => {
    const { deps, stop, journal } = unitOf([headers, text("Hello "), "hang"]);
    const { stream, final } = executeCompletionUnit(deps, ask("hi"));
    const events: AiEvent[] = [];
    for await (const event of stream) {
      events.push(event);
      stop.abort();
    }
    expect(events.map(({ type }) => type)).toEqual(["text_delta", "usage_report"]);
    expect(await final).toMatchObject({ ok: false, error: { code: "aborted" } });
    expect(journal.facts()).toMatchObject([{ settlement: "unknown", costUsd: "0" }]);
  });

  it("aborted before it starts, it opens nothing", async () => {
    const { run, stop, journal } = unitOf(whole);
    stop.abort();
    const { events, final } = await run(ask("hi"));
    expect(events).toEqual([]);
    expect(final).toMatchObject({ ok: false, error: { code: "aborted" } });
    expect(journal.calls).toEqual([]);
  });

  it("stopped with a model that drains, it reads the answer to its end and bills it exactly", async () => {
    const { deps, stop, journal, gateway } = unitOf(whole);
    const { stream, final } = executeCompletionUnit(deps, ask("hi", { model: "drain" }));
    for await (const event of stream) {
      if (event.type === "text_delta") stop.abort();
      if (event.type === "text_delta") break;
    }
    expect(gateway.closed).toBe(true);
    expect(journal.facts()).toMatchObject([{ settlement: "final", costUsd: "0.000021" }]);
    expect((await final).ok).toBe(true);
  });

  it("a replayed call sends nothing, shows no text and repeats the identical report", async () => {
    const { run, journal, gateway } = unitOf(whole);
    const first = await run(ask("hi"));
    journal.restart();
    const second = await run(ask("hi"));
    expect(gateway.requests).toBe(1);
    expect(second.events).toEqual([first.events.at(-1)]);
    expect(second.final).toEqual(first.final);
  });

  it("a refusal of the journal is a result, and nothing is sent", async () => {
    const { run, journal, gateway } = unitOf(whole);
    const error = { code: "insufficient_credits" as const, message: "Top up." };
    journal.refuseWith(error);
    const { events, final } = await run(ask("hi"));
    expect([events, gateway.requests]).toEqual([[], 0]);
    expect(final).toEqual({ ok: false, requestId: context.requestId, error, usage: null });
  });

  it.each([
    ["a model that is not in the catalog", "nobody/knows", true, "invalid_request"],
    ["a model without a gateway", "paid", false, "provider_unavailable"],
  ])("%s is refused before the journal is opened", async (_name, model, hasGateway, code) => {
    const { run, journal } = bench(hasGateway ? new ScriptedGateway(whole) : null);
    const { events, final } = await run(ask("hi", { model }));
    expect([events, journal.calls]).toEqual([[], []]);
    expect(final).toMatchObject({ ok: false, error: { code } });
  });

  it("a journal that throws becomes an internal error without a word of its message", async () => {
    const { run, log, journal, gateway } = unitOf([headers, text("x"), "hang"]);
    journal.dispatched = () => {
      throw new Error("secret prompt");
    };
    const { events, final } = await run(ask("hi"));
    expect(events).toEqual([]);
    expect(final).toMatchObject({ ok: false, error: { code: "internal" } });
    expect(gateway.closed).toBe(true);
    expect(journal.openCalls()).toEqual([]);
    expect(JSON.stringify([log.lines, final])).not.toContain("secret prompt");
  });

  it("a settlement that throws neither throws nor rejects here", async () => {
    const { run, log, journal } = unitOf(whole);
    journal.settle = () => {
      throw new Error("fenced");
    };
    const { final } = await run(ask("hi"));
    expect(final).toMatchObject({ ok: false, error: { code: "internal" } });
    expect(log.errors()).toEqual(["completion.bug"]);
  });

  it.each([
    ["final", ended()],
    ["estimated", ended({ usage: null })],
    ["final", broken({ answer })],
  ])(
    "a settlement that throws still leaves the fact, %s: the call was made",
    async (settlement, end) => {
      const { run, journal } = unitOf([headers, text("Hello "), end]);
      journal.settle = () => {
        throw new Error("the row is too long");
      };
      const { final } = await run(ask("hi"));
      expect(final).toMatchObject({ ok: false, error: { code: "internal" } });
      expect(journal.calls).toMatchObject([{ state: "failed", settlement: null }]);
      expect(journal.facts()).toMatchObject([{ settlement, usageUnitId: "call-1" }]);
    },
  );

  it.each(["99999999999", "100001"])(
    "does not believe a cost of %s USD for one call",
    async (headerCostUsd) => {
      const { run, journal } = unitOf([headers, ended({ headerCostUsd })]);
      await run(ask("hi"));
      expect(journal.facts()).toMatchObject([{ settlement: "final", provenance: "price_table" }]);
    },
  );

  it("a gateway that stops without an end still leaves one unknown fact", async () => {
    const { run, journal } = unitOf([headers, text("Hello")]);
    const { final } = await run(ask("hi"));
    expect(final.ok).toBe(false);
    expect(journal.facts()).toMatchObject([{ settlement: "unknown", usageUnitId: "call-1" }]);
  });
});

describe("what a dispatch owes", () => {
  it.each([
    ["no connection", [broken({ sent: false, answered: false })]],
    ["a status other than 2xx", [headers, broken({ answered: false })]],
  ])("%s: nothing", async (_name, events) => {
    const { run, journal } = unitOf(events);
    const drained = await run(ask("hi"));
    expect(drained.events).toEqual([]);
    expect(journal.calls).toMatchObject([{ state: "failed", failure: { fact: null } }]);
  });

  it("no headers at all: an unknown fact named after the dispatch", async () => {
    const { run, journal, log } = unitOf([broken({ answered: false })]);
    const { events } = await run(ask("hi"));
    const [call] = journal.calls;
    expect(journal.facts()).toMatchObject([
      {
        usageUnitId: `dispatch:${call?.dispatchId}`,
        settlement: "unknown",
        provenance: "estimate",
        costUsd: "0",
        inputTokens: 0,
        outputTokens: 0,
      },
    ]);
    expect(events).toHaveLength(1);
    expect(log.errors()).toEqual([]);
  });

  it("an answer that broke off: an estimate, with what the upstream had told on the way", async () => {
    const { run, journal } = unitOf([
      headers,
      broken({ answer: { ...answer, finishReason: null, isUsageWhole: false } }),
    ]);
    const { final } = await run(ask("hi"));
    expect(journal.facts()).toMatchObject([
      { settlement: "estimated", provenance: "estimate", inputTokens: 100, outputTokens: 10 },
    ]);
    expect(final).toMatchObject({ ok: false, usage: { inputTokens: 100, outputTokens: 10 } });
  });

  it("an answer whose connection broke after its end and its usage: settled, to be replayed", async () => {
    const { run, journal } = unitOf([headers, broken({ answer })]);
    const { final } = await run(ask("hi"));
    expect(final).toMatchObject({ ok: true, output: { text: answer.text } });
    expect(journal.calls.map(({ state }) => state)).toEqual(["settled"]);
    expect(journal.facts()).toMatchObject([{ settlement: "final", costUsd: "0.000021" }]);
  });

  it("a lost connection after the end, of usage only what was told on the way: an estimate", async () => {
    const { run, journal } = unitOf([
      headers,
      broken({ answer: { ...answer, isUsageWhole: false } }),
    ]);
    await run(ask("hi"));
    expect(journal.calls.map(({ state }) => state)).toEqual(["failed"]);
    expect(journal.facts()).toMatchObject([{ settlement: "estimated", usageRaw: usage.raw }]);
  });

  it("an answer that is none, but whose usage is whole: failed, and billed as stated", async () => {
    const { run, journal } = unitOf([
      headers,
      broken({ answer: { ...answer, finishReason: null } }),
    ]);
    await run(ask("hi"));
    expect(journal.calls.map(({ state }) => state)).toEqual(["failed"]);
    expect(journal.facts()).toMatchObject([{ settlement: "final", costUsd: "0.000021" }]);
  });

  it("a whole answer without usage: settled, with an estimate, whatever a header says it cost", async () => {
    const { run, journal } = unitOf([headers, ended({ usage: null })]);
    const { final } = await run(ask("hi"));
    expect(journal.calls.map(({ state }) => state)).toEqual(["settled"]);
    const [fact] = journal.facts();
    expect(fact).toMatchObject({ settlement: "estimated", outputTokens: 2, usageRaw: null });
    expect(fact?.costUsd).not.toBe(answer.headerCostUsd);
    expect(final).toMatchObject({ ok: true, usage: { outputTokens: 2 } });
  });

  it("an answer that we left before anything came of it: an estimate of what was sent", async () => {
    const nothing = { ...answer, text: "", usage: null, finishReason: null, servedModel: null };
    const left = { code: "timeout" as const, message: "too long" };
    const { run, journal } = unitOf([headers, broken({ error: left, answer: nothing })]);
    await run(ask("hi"));
    expect(journal.facts()).toMatchObject([{ settlement: "estimated", outputTokens: 0 }]);
  });

  it("a body that ended with nothing in it: an unknown fact", async () => {
    const nothing = { ...answer, text: "", usage: null, finishReason: null, servedModel: null };
    const { run, journal } = unitOf([headers, broken({ answer: nothing })]);
    await run(ask("hi"));
    expect(journal.facts()).toMatchObject([{ settlement: "unknown", costUsd: "0" }]);
  });
});

describe("the usage unit id", () => {
  it("is a deterministic one, with an error, where the gateway gave none", async () => {
    const { run, journal, log } = unitOf([{ ...headers, callId: null }, ended({ callId: null })]);
    await run(ask("hi"));
    expect(journal.facts()).toMatchObject([{ usageUnitId: "MISSING:run_test/0" }]);
    expect(log.errors()).toEqual(["billing.missing_usage_unit_id"]);
  });

  it.each([
    ["stopped", "aborted", "estimated"],
    ["cut", "provider_unavailable", "unknown"],
  ] as const)(
    "is our dispatch id where the answer was %s before the gateway could name it",
    async (_name, code, settlement) => {
      const nothing = { text: "", usage: null, finishReason: null, servedModel: null };
      const { run, journal, log } = unitOf([
        { ...headers, callId: null },
        broken({
          error: { code, message: "" },
          answer: { ...answer, ...nothing, callId: null },
        }),
      ]);
      await run(ask("hi"));
      const usageUnitId = `dispatch:${journal.calls[0]?.dispatchId}`;
      expect(journal.facts()).toMatchObject([{ usageUnitId, settlement }]);
      expect(log.errors()).toEqual([]);
    },
  );

  it("is made distinct, with an error, where another dispatch of the run has it", async () => {
    const { run, journal, log } = unitOf(whole);
    await run(ask("one"));
    await run(ask("two"));
    expect(journal.facts().map((fact) => [fact.usageUnitId, fact.providerCallId])).toEqual([
      ["call-1", "chatcmpl-1"],
      ["call-1#1", null],
    ]);
    expect(log.errors()).toEqual(["billing.missing_usage_unit_id"]);
  });
});

describe("the cost", () => {
  const priced = "0.000021"; // 100 x 0.15 + 10 x 0.60 USD per million
  it.each([
    ["a header is believed first", "0.5", "0.4", "paid", "0.5", "header", []],
    ["then the usage chunk", null, "0.4", "paid", "0.4", "usage", []],
    ["then the price table", null, null, "paid", priced, "price_table", []],
    ["a header of 0 gives way to the usage chunk", "0", "0.4", "paid", "0.4", "usage", []],
    ["a free model may cost 0", "0", null, "free", "0", "header", []],
    ["a free model needs no cost", null, null, "free", "0", "price_table", []],
  ] as const)("%s", async (_name, header, stated, model, costUsd, provenance, errors) => {
    const { run, journal, log } = unitOf([
      headers,
      ended({ headerCostUsd: header, usage: { ...usage, costUsd: stated } }),
    ]);
    await run(ask("hi", { model }));
    expect(journal.facts()).toMatchObject([{ costUsd, provenance, settlement: "final" }]);
    expect(log.errors()).toEqual(errors);
  });

  it.each([
    ["0", null],
    [null, "0"],
    ["0", "0"],
  ])(
    "of 0 for a paid model is replaced from the price table and alarmed",
    async (header, stated) => {
      const { run, journal, log } = unitOf([
        headers,
        ended({ headerCostUsd: header, usage: { ...usage, costUsd: stated } }),
      ]);
      await run(ask("hi"));
      expect(journal.facts()).toMatchObject([{ costUsd: priced, provenance: "price_table" }]);
      expect(log.errors()).toEqual(["billing.zero_cost_paid_model"]);
    },
  );

  it.each([
    ["0.25", null],
    [null, "0.25"],
    ["0", "0.25"],
  ])(
    "of a free model is 0, and a warning, where the gateway states one",
    async (header, stated) => {
      const raw = { ...usage.raw, cost: 0.25 };
      const { run, journal, log } = unitOf([
        headers,
        ended({ headerCostUsd: header, usage: { ...usage, costUsd: stated, raw } }),
      ]);
      await run(ask("hi", { model: "free" }));
      expect(journal.facts()).toMatchObject([
        { costUsd: "0", provenance: "price_table", settlement: "final", usageRaw: raw },
      ]);
      expect(log.lines).toMatchObject([{ level: "warn", event: "billing.free_model_costs" }]);
    },
  );

  it.each(["0", null])("of an explicit zero usage stays zero", async (header) => {
    const none = { ...usage, inputTokens: 0, outputTokens: 0 };
    const { run, journal, log } = unitOf([headers, ended({ headerCostUsd: header, usage: none })]);
    await run(ask("hi"));
    expect(journal.facts()).toMatchObject([{ costUsd: "0", settlement: "final", inputTokens: 0 }]);
    expect(log.errors()).toEqual([]);
  });
});

describe("the request hash", () => {
  it("covers what decides the answer and nothing else", async () => {
    const { run, journal } = unitOf(whole);
    const tool = { name: "t", description: "d", parameters: { type: "object", properties: {} } };
    const reordered = {
      parameters: { properties: {}, type: "object" },
      description: "d",
      name: "t",
    };
    for (const request of [
      ask("hi", { tools: [tool] }),
      ask("hi", { tools: [reordered], nodeKey: "other", checkpointNs: "other:2" }),
      ask("hi"),
      ask("ho"),
      ask("hi", { temperature: 0.5 }),
      ask("hi", { model: "free" }),
    ]) {
      await run(request);
    }
    const hashes = journal.calls.map(({ intent }) => intent.requestHash);
    expect(hashes[0]).toBe(hashes[1]);
    expect(new Set(hashes).size).toBe(hashes.length - 1);
  });
});
