import { describe, expect, it } from "vitest";
import { parseUsd } from "../../src/base/money.ts";
import { estimateTokens } from "../../src/completion/estimate-tokens.ts";
import { costOf } from "../fake-gateway/answer.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { useFakeGateway } from "./fake-gateway-bench.ts";
import { ask } from "./setup.ts";

const { unitAt, seen, expectBooksToMatch, factsOfOne, runIdOfTest } = useFakeGateway();

describe("a call through LiteLLM", () => {
  it("sends our ids, the end user and the output limit, and asks for no retries", async () => {
    const unit = unitAt();
    await unit.run(ask("hello"));
    const [call] = seen();
    const { dispatchId } = unit.journal.calls[0]!;
    expect(call).toMatchObject({
      user: `${runIdOfTest()}/0`,
      model: "paid",
      headers: { callId: dispatchId, hasAuthorization: true },
      body: { maxTokens: 4096, stream: true, includeUsage: true },
    });
    expect(call?.body.fields).toContain("num_retries");
    expect(JSON.parse(call?.headers.spendLogsMetadata ?? "")).toEqual({
      runledger_dispatch_id: dispatchId,
      runledger_run_id: runIdOfTest(),
    });
  });

  it("states the gateway's call id, cost, tokens and provider id", async () => {
    const unit = unitAt();
    const { text, final } = await unit.run(ask("hello [[cached:3]] [[reasoning:2]]"));
    const [call] = seen();
    expect(text).toMatch(/^You said: hello/);
    expect(final.ok && final.output.text).toBe(text);
    expect(factsOfOne(unit)).toMatchObject({
      usageUnitId: call?.callId,
      providerCallId: call?.responseId,
      costUsd: call?.costUsd,
      inputTokens: call?.usage?.["prompt_tokens"],
      outputTokens: call?.usage?.["completion_tokens"],
      ...{ cacheReadTokens: 3, reasoningTokens: 2, provenance: "header", settlement: "final" },
    });
  });

  it("passes messages, tool calls and tools through unchanged", async () => {
    const unit = unitAt();
    const tool = { name: "t", description: "d", parameters: { type: "object" } };
    await unit.run(
      ask("", {
        tools: [tool],
        messages: [
          { role: "system", content: "be brief" },
          { role: "user", content: "hi" },
          { role: "assistant", content: "", toolCalls: [{ id: "c1", name: "t", argsText: "{x" }] },
          { role: "tool", toolCallId: "c1", content: "42" },
        ],
      }),
    );
    const call = { id: "c1", type: "function", function: { name: "t", arguments: "{x" } };
    expect(seen()[0]?.body).toMatchObject({
      messages: [
        { role: "system", content: "be brief" },
        { role: "user", content: "hi" },
        { role: "assistant", content: null, tool_calls: [call] },
        { role: "tool", tool_call_id: "c1", content: "42" },
      ],
      tools: [{ type: "function", function: tool }],
    });
  });

  it.each(["0.0000025", "1e-7", "0.0000002999999", "2.5e-07"])(
    "reads a cost of %s exactly",
    async (cost) => {
      const unit = unitAt();
      await unit.run(ask(`hi [[cost:${cost}]]`));
      expect(factsOfOne(unit)).toMatchObject({ costUsd: parseUsd(cost), provenance: "header" });
    },
  );

  it("merges what arrives together into one text event", async () => {
    const unit = unitAt();
    const { events } = await unit.run(ask("[[tokens:2000]]"));
    const deltas = events.filter(({ type }) => type === "text_delta");
    expect(deltas.length).toBeLessThan(1000);
    expect(factsOfOne(unit).outputTokens).toBe(2000);
  });
});

describe("a whole answer in an unusual form", () => {
  it.each([
    "[[crlf]]",
    "[[comments]]",
    "[[no-done]]",
    "[[two-done]]",
    "[[usage-first]]",
    "[[usage-twice]]",
    "[[usage-cost]]",
    "[[split-utf8]]",
    "[[no-stream]]",
    "[[split-utf8]] [[crlf]] [[comments]]",
  ])("%s: text and exact cost arrive", async (directives) => {
    const unit = unitAt();
    const { text, final } = await unit.run(ask(`hello ${directives}`));
    const [call] = seen();
    expect(final.ok).toBe(true);
    expect(text).toMatch(
      directives.includes("split-utf8")
        ? /^Grüße 🦜 aus Zürich – naïve 日本語 👩‍👩‍👧$/u
        : /^You said: hello \(\w+\)$/,
    );
    const provenance = directives === "[[usage-cost]]" ? "usage" : "header";
    expect(factsOfOne(unit)).toMatchObject({
      ...{ costUsd: call?.costUsd, settlement: "final", provenance },
      outputTokens: call?.usage?.["completion_tokens"],
    });
  });

  it.each([
    "",
    "[[parallel-tools]]",
    "[[parallel-tools]] [[dup-tool-ids]]",
    "[[parallel-tools]] [[dup-tool-ids]] [[no-stream]]",
    "[[bad-args]]",
  ])(
    "tool calls are put together from their pieces, as the model wrote them %s",
    async (directives) => {
      const unit = unitAt();
      const { final } = await unit.run(
        ask(`[[tool:core__calculator {"expression":"2 + 3 * 4"}]] ${directives}`),
      );
      const calls = final.ok ? final.output.toolCalls : [];
      expect(calls).toHaveLength(directives.includes("parallel") ? 2 : 1);
      for (const call of calls) {
        expect(call).toMatchObject({
          name: "core__calculator",
          argsText: directives === "[[bad-args]]" ? '{"broken": ' : '{"expression":"2 + 3 * 4"}',
        });
      }
      expect(final).toMatchObject({ ok: true, output: { finishReason: "tool_calls" } });
      expectBooksToMatch(unit);
    },
  );
});

describe("usage and ids that are not as they should be", () => {
  it.each([
    "[[no-usage]]",
    "[[bad-usage:negative]]",
    "[[bad-usage:fractional]]",
    "[[bad-usage:string]]",
    "[[bad-usage:huge]]",
  ])("%s: the answer stands, its receipt is an estimate at the price table", async (directive) => {
    const unit = unitAt();
    const { final, text } = await unit.run(ask(`hello ${directive}`));
    expect(final.ok).toBe(true);
    const fact = factsOfOne(unit);
    expect(fact).toMatchObject({ settlement: "estimated", provenance: "estimate" });
    expect(fact.outputTokens).toBe(estimateTokens(text));
    expect(fact.inputTokens).toBeGreaterThan(0);
    expect(fact.costUsd).toBe(costOf(fact.inputTokens, fact.outputTokens));
  });

  it("more cached tokens than input tokens are cut to the input", async () => {
    const unit = unitAt();
    await unit.run(ask("hello [[bad-usage:cached]]"));
    const fact = factsOfOne(unit);
    expect(fact.cacheReadTokens).toBe(fact.inputTokens);
    expect(fact.settlement).toBe("final");
  });

  it("an explicit zero usage stays zero", async () => {
    const unit = unitAt();
    await unit.run(ask("hello [[zero-usage]] [[zero-cost]]"));
    expect(factsOfOne(unit)).toMatchObject({ settlement: "final", costUsd: "0", inputTokens: 0 });
    expect(unit.log.errors()).toEqual([]);
  });

  it.each([
    ["[[zero-cost]]", ["billing.zero_cost_paid_model"]],
    ["[[no-cost]]", []],
  ])("%s: the price table says the same as the gateway's own books", async (directive, errors) => {
    const unit = unitAt();
    await unit.run(ask(`hello ${directive}`));
    expect(factsOfOne(unit)).toMatchObject({
      ...{ costUsd: seen()[0]?.costUsd, provenance: "price_table", settlement: "final" },
    });
    expect(unit.log.errors()).toEqual(errors);
  });

  it("[[no-call-id]]: a fallback id and an error", async () => {
    const unit = unitAt();
    await unit.run(ask("hello [[no-call-id]]"));
    expect(factsOfOne(unit).usageUnitId).toBe(`MISSING:${runIdOfTest()}/0`);
    expect(unit.log.errors()).toEqual(["billing.missing_usage_unit_id"]);
  });

  it("[[dup-call-id]]: each call keeps a receipt of its own, and an error", async () => {
    const unit = unitAt();
    for (const text of ["one", "two", "three"]) await unit.run(ask(`${text} [[dup-call-id]]`));
    expectBooksToMatch(unit);
    const id = `dup-${runIdOfTest()}`;
    expect(unit.journal.facts().map((fact) => fact.usageUnitId)).toEqual([
      id,
      `${id}#1`,
      `${id}#2`,
    ]);
    expect(unit.log.errors()).toHaveLength(2);
  });

  it("[[served:other-model]]: both models are recorded", async () => {
    const unit = unitAt();
    await unit.run(ask("hello [[served:other-model]]"));
    expect(factsOfOne(unit)).toMatchObject({ model: "paid", servedModel: "other-model" });
  });
});

describe("an answer that is none", () => {
  it.each([
    ["[[empty-200]]", "unknown"],
    ["[[html-200]]", "unknown"],
    ["[[no-stream]] [[bad-json]]", "unknown"],
    ["[[bad-json]]", "estimated"],
    ["[[error-chunk]]", "estimated"],
    ["[[truncate:3]]", "estimated"],
    ["[[cut:3]]", "estimated"],
  ])("%s: provider_unavailable, with one receipt that is %s", async (directive, settlement) => {
    const unit = unitAt();
    const { final } = await unit.run(ask(`hello [[delay:1]] ${directive}`));
    expect(final).toMatchObject({ ok: false, error: { code: "provider_unavailable" } });
    expect(factsOfOne(unit)).toMatchObject({ settlement, usageUnitId: seen()[0]?.callId });
  });

  it.each([
    [400, "invalid_request"],
    [401, "provider_unavailable"],
    [402, "provider_unavailable"],
    [403, "provider_unavailable"],
    [404, "provider_unavailable"],
    [408, "timeout"],
    [413, "invalid_request"],
    [422, "invalid_request"],
    [429, "rate_limit"],
    [500, "provider_unavailable"],
    [503, "provider_unavailable"],
    [504, "timeout"],
    [529, "provider_unavailable"],
  ])("status %i: %s, and no receipt", async (status, code) => {
    const unit = unitAt();
    const { events, final } = await unit.run(ask(`secret prompt [[status:${status}]]`));
    expect(final).toMatchObject({ ok: false, error: { code } });
    expect(events).toEqual([]);
    expectBooksToMatch(unit);
    expect(seen()).toHaveLength(1);
  });

  it.each([401, 403])("a %i is the operator's to look at", async (status) => {
    const unit = unitAt();
    const { final } = await unit.run(ask(`hello [[status:${status}]]`));
    const message = final.ok ? "" : final.error.message;
    expect(message).toMatch(/operator/);
    expect(message).not.toMatch(/\d/);
    const errors = unit.log.lines.filter(({ level }) => level === "error");
    expect(errors).toMatchObject([{ event: "completion.gateway_credentials", fields: { status } }]);
  });

  it("an HTML 502: provider_unavailable, and no receipt", async () => {
    const unit = unitAt();
    const { final } = await unit.run(ask("hello [[html-502]]"));
    expect(final).toMatchObject({ ok: false, error: { code: "provider_unavailable" } });
    expectBooksToMatch(unit);
  });

  it.each([
    ["7", "in 7 s"],
    ["1500ms", "in 2 s"],
    ["Sat, 21 Nov 2026 00:00:30 GMT", "in 30 s"],
    ["soon", "in a while"],
  ])("429 with Retry-After %s says when to try again", async (retryAfter, words) => {
    const unit = unitAt();
    const { final } = await unit.run(ask(`hello [[status:429]] [[retry-after:${retryAfter}]]`));
    expect(final.ok ? "" : final.error.message).toContain(words);
  });

  it("a reset before headers is ambiguous: one unknown receipt, named after the dispatch", async () => {
    const unit = unitAt();
    const { final } = await unit.run(ask("hello [[reset]]"));
    expect(final).toMatchObject({ ok: false, error: { code: "provider_unavailable" } });
    const dispatchId = unit.journal.calls[0]?.dispatchId;
    expect(unit.journal.facts()).toMatchObject([
      { settlement: "unknown", usageUnitId: `dispatch:${dispatchId}` },
    ]);
  });

  it("a refused connection is void: no receipt", async () => {
    const gone = await startFakeGateway();
    await gone.close();
    const unit = unitAt({ baseUrl: `${gone.url}/v1` });
    const { final } = await unit.run(ask("hello"));
    expect(final).toMatchObject({ ok: false, error: { code: "provider_unavailable" } });
    expect(unit.journal.facts()).toEqual([]);
  });

  it("nothing that an upstream writes reaches the customer or the log", async () => {
    const unit = unitAt();
    const results = [];
    for (const directive of [
      "[[status:500]]",
      "[[status:400]]",
      "[[status:429]]",
      "[[error-chunk]]",
      "[[reset]]",
    ]) {
      results.push(await unit.run(ask(`secret prompt ${directive}`)));
    }
    const said = JSON.stringify([results.map(({ final }) => final), unit.log.lines]);
    expect(said).not.toMatch(/secret|sk-/);
    expect(unit.log.lines).not.toEqual([]);
  });
});

describe("a call through an OpenAI-compatible gateway", () => {
  it("sends the output limit by its newer name and nothing that is LiteLLM's", async () => {
    const unit = unitAt({ dialect: "openai" });
    await unit.run(ask("hello"));
    const [call] = seen();
    expect(call?.headers).toMatchObject({ callId: null, spendLogsMetadata: null });
    expect(call?.body).toMatchObject({ maxTokens: null, maxCompletionTokens: 4096 });
    expect(call?.body.fields).not.toContain("num_retries");
  });

  it("names an empty answer by our dispatch id: there was nothing in it that could name it", async () => {
    const unit = unitAt({ dialect: "openai" });
    await unit.run(ask("hello [[empty-200]]"));
    expect(factsOfOne(unit)).toMatchObject({
      settlement: "unknown",
      usageUnitId: `dispatch:${unit.journal.calls[0]?.dispatchId}`,
    });
    expect(unit.log.errors()).toEqual([]);
  });

  it("names the call by the body's id and prices it from the table", async () => {
    const unit = unitAt({ dialect: "openai", apiKey: null });
    await unit.run(ask("hello"));
    const [call] = seen();
    expect(factsOfOne(unit)).toMatchObject({
      ...{ usageUnitId: call?.responseId, providerCallId: call?.responseId, source: "openai" },
      ...{ costUsd: call?.costUsd, provenance: "price_table" },
    });
    expect(call?.headers.hasAuthorization).toBe(false);
    expect(unit.log.lines).toEqual([]);
  });
});
