import { Tiktoken } from "js-tiktoken/lite";
import cl100k from "js-tiktoken/ranks/cl100k_base";
import o200k from "js-tiktoken/ranks/o200k_base";
import { describe, expect, it } from "vitest";
import { chargeCredits } from "../../src/base/money.ts";
import { createModelCatalog, tokenCostUsd } from "../../src/completion/models.ts";
import { intentOf } from "../../src/completion/plan-call.ts";
import { ask } from "./setup.ts";

describe("the most that a call can be charged", () => {
  const [entry] = createModelCatalog(
    JSON.stringify([
      { id: "paid", inputUsdPerMTok: "10", outputUsdPerMTok: "10", maxOutputTokens: 10 },
    ]),
    true,
  ).models;
  const tokenizers = [new Tiktoken(o200k), new Tiktoken(cl100k)];

  it.each([
    ["English", "The harbour was quiet that morning. "],
    ["Yi", "ꀀꁀꂀꃀ"],
    ["Vai", "ꔀꔁꔂꔃ"],
    ["Tibetan", "བོད་སྐད"],
    ["Lao", "ກຂຄງ"],
    ["cuneiform", "𒀀𒁀𒂀𒃀"],
    ["private use", "\ue000\ue123\uf234\ue777"],
    ["control characters", "\u0001\u0002\u007f"],
    ["half a surrogate pair", "\ud83d\ud83d"],
  ])("covers what real tokenizers make of %s", (_name, seed) => {
    const content = seed.repeat(50);
    const { mostCredits } = intentOf(ask(content), entry!, 10_000);
    for (const tokenizer of tokenizers) {
      const cost = tokenCostUsd(entry!, {
        ...{ inputTokens: tokenizer.encode(content).length, outputTokens: 10, reasoningTokens: 0 },
        ...{ cacheReadTokens: 0, cacheWriteTokens: 0 },
      });
      expect(chargeCredits(cost, 10_000)).toBeLessThanOrEqual(mostCredits);
    }
  });
});
