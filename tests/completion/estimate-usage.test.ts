import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chargeCredits } from "../../src/base/money.ts";
import { estimateTokens } from "../../src/completion/estimate-tokens.ts";
import { estimateUsage } from "../../src/completion/estimate-usage.ts";
import { createModelCatalog, tokenCostUsd } from "../../src/completion/models.ts";
import { intentOf } from "../../src/completion/plan-call.ts";
import type { GatewayAnswer, GatewayUsage } from "../../src/ports/completion.ts";
import { ask, modelCatalog } from "./setup.ts";

const entry = createModelCatalog(modelCatalog, true).find("paid")!;
const nothing: GatewayAnswer = {
  ...{ text: "", toolCalls: [], finishReason: null, usage: null, servedModel: null },
  isUsageWhole: false,
  ...{ callId: "call-1", providerCallId: null, headerCostUsd: null },
};
const tool = { name: "search", description: "Looks things up", parameters: { type: "object" } };

describe("the estimate of a call's usage", () => {
  it("counts every message, every tool and what arrived", () => {
    const bare = estimateUsage(ask("hello there"), nothing, entry);
    expect(bare.outputTokens).toBe(0);
    expect(bare.inputTokens).toBeGreaterThan(estimateTokens("hello there"));
    const withTool = estimateUsage(ask("hello there", { tools: [tool] }), nothing, entry);
    expect(withTool.inputTokens).toBeGreaterThan(bare.inputTokens);
    const toolCalls = [{ id: "c", name: "search", argsText: '{"query":"the weather in Paris"}' }];
    const messages = [{ role: "assistant" as const, content: "hello there", toolCalls }];
    const withCall = estimateUsage({ messages, tools: [] }, nothing, entry);
    expect(withCall.inputTokens).toBeGreaterThan(bare.inputTokens);
    const calling = estimateUsage(ask("hello there"), { ...nothing, toolCalls }, entry);
    expect(calling.outputTokens).toBeGreaterThan(5);
  });

  it("believes counts that the upstream gave on the way, unless more arrived than they say", () => {
    const usage: GatewayUsage = {
      ...{ inputTokens: 77, outputTokens: 1, cacheReadTokens: 50, cacheWriteTokens: 0 },
      ...{ reasoningTokens: 0, costUsd: null, raw: null },
    };
    const text = "four words were said";
    expect(estimateUsage(ask("hi"), { ...nothing, text, usage }, entry)).toEqual({
      ...{ inputTokens: 77, outputTokens: 4, cacheReadTokens: 50, cacheWriteTokens: 0 },
      reasoningTokens: 0,
    });
  });

  it("never costs more than was reserved for the call", () => {
    const lines = fc.array(fc.string({ unit: "binary" }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(lines, fc.string({ unit: "binary" }), fc.boolean(), (contents, text, calls) => {
        const messages = contents.map((content) => ({ role: "user" as const, content }));
        const request = { ...ask(""), messages, tools: calls ? [tool] : [] };
        const counts = estimateUsage(request, { ...nothing, text }, entry);
        const most = intentOf(request, entry, 12_500).mostCredits;
        expect(chargeCredits(tokenCostUsd(entry, counts), 12_500)).toBeLessThanOrEqual(most);
      }),
    );
  });
});
