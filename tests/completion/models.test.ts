import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createModelCatalog, mostCallCredits, tokenCostUsd } from "../../src/completion/models.ts";
import type { ModelEntry } from "../../src/ports/model-catalog.ts";
import {
  addFractions,
  ceilFraction,
  fraction,
  isEqualFraction,
  multiplyFractions,
} from "../base/fraction.ts";

const mini = { id: "gpt-4o-mini", inputUsdPerMTok: "0.15", outputUsdPerMTok: "0.60" };
const catalogOf = (...entries: object[]) => createModelCatalog(JSON.stringify(entries), true);
const counts = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};

describe("the model catalog", () => {
  it("has the demo models and defaults to the small one", () => {
    const catalog = createModelCatalog(null, false);
    expect(catalog.models.map(({ id }) => id)).toEqual(["demo/small", "demo/large"]);
    expect(catalog.defaultModelId).toBe("demo/small");
    expect(catalog.find("demo/large")).toMatchObject({ gateway: "demo", free: false });
    expect(catalog.find("other")).toBeNull();
  });

  it("adds configured models, whose first is the default", () => {
    const catalog = catalogOf(mini, { id: "local", free: true });
    expect(catalog.defaultModelId).toBe("gpt-4o-mini");
    expect(catalog.models).toHaveLength(4);
    expect(catalog.find("gpt-4o-mini")).toEqual({
      ...{ id: "gpt-4o-mini", name: "gpt-4o-mini", provider: "gateway", gateway: "configured" },
      ...{ inputUsdPerMTok: "0.15", outputUsdPerMTok: "0.6", free: false, onStop: "cut" },
      ...{ cacheReadUsdPerMTok: null, cacheWriteUsdPerMTok: null },
      ...{ contextTokens: 128_000, isContextStated: false, maxOutputTokens: 4_096 },
    });
    expect(catalog.find("local")).toMatchObject({ free: true, inputUsdPerMTok: "0" });
  });

  it("an empty list changes nothing and needs no gateway", () => {
    expect(createModelCatalog("[]", false).defaultModelId).toBe("demo/small");
  });

  it.each([
    ["not JSON", "{", /not JSON/],
    ["no array", "{}", /array/],
    ["an unknown price", '[{"id":"m1"}]', /m1.*price is unknown/],
    ["half a price", '[{"id":"m1","inputUsdPerMTok":"1"}]', /m1.*price is unknown/],
    [
      "a price of nothing",
      '[{"id":"m1","inputUsdPerMTok":"0","outputUsdPerMTok":"0"}]',
      /m1.*free/,
    ],
    ["free with a price", '[{"id":"m1","free":true,"outputUsdPerMTok":"1"}]', /m1.*price/],
    ["free but for its cache", '[{"id":"m1","free":true,"cacheWriteUsdPerMTok":1}]', /m1.*price/],
    [
      "a negative price",
      '[{"id":"m1","inputUsdPerMTok":"-1","outputUsdPerMTok":"1"}]',
      /m1: inputUsdPerMTok/,
    ],
    ["a misspelt field", '[{"id":"m1","free":true,"maxOutput":5}]', /m1.*maxOutput/],
    ["an entry without id", '[{"free":true}]', /entry 1: id/],
    ["the same id twice", '[{"id":"m1","free":true},{"id":"m1","free":true}]', /m1 is there twice/],
    ["a demo model's id", '[{"id":"demo/small","free":true}]', /demo\/small is there twice/],
  ])("refuses %s and names it", (_name, json, message) => {
    expect(() => createModelCatalog(json, true)).toThrow(message);
  });

  it("refuses configured models without a gateway", () => {
    expect(() => createModelCatalog(JSON.stringify([mini]), false)).toThrow(/gpt-4o-mini.*GATEWAY/);
  });
});

describe("what tokens cost", () => {
  const cached = catalogOf({
    ...mini,
    ...{ cacheReadUsdPerMTok: "0.075", cacheWriteUsdPerMTok: "0.1875" },
  }).find("gpt-4o-mini")!;

  it("cached tokens are priced once, at their own price; reasoning is part of the output", () => {
    const cost = tokenCostUsd(cached, {
      ...{ inputTokens: 1_000_000, cacheReadTokens: 400_000, cacheWriteTokens: 100_000 },
      ...{ outputTokens: 1_000_000, reasoningTokens: 900_000 },
    });
    // 0.5 x 0.15 + 0.4 x 0.075 + 0.1 x 0.1875 + 1 x 0.60
    expect(cost).toBe("0.72375");
  });

  it("without cache prices, cached tokens cost what input costs", () => {
    const plain = catalogOf(mini).find("gpt-4o-mini")!;
    const tokens = { ...counts, inputTokens: 1_000_000, cacheReadTokens: 400_000 };
    expect(tokenCostUsd(plain, tokens)).toBe("0.15");
  });

  const usd = fc
    .tuple(fc.nat(99_999), fc.integer({ min: 0, max: 6 }))
    .map(([digits, scale]) => ({ digits, scale, text: `${digits}e-${scale}` }));
  const tokens = fc.nat(2_000_000);
  const entryArbitrary = fc
    .tuple(usd, usd, usd, usd)
    .filter(([input, output]) => input.digits + output.digits > 0)
    .map(([input, output, read, write]) => ({
      prices: { input, output, read, write },
      entry: catalogOf({
        id: "m",
        inputUsdPerMTok: input.text,
        outputUsdPerMTok: output.text,
        cacheReadUsdPerMTok: read.text,
        cacheWriteUsdPerMTok: write.text,
      }).find("m")!,
    }));

  it("equals the sum of price x tokens as exact fractions", () => {
    fc.assert(
      fc.property(
        entryArbitrary,
        tokens,
        tokens,
        tokens,
        tokens,
        (made, plain, read, write, output) => {
          const { entry, prices } = made;
          const cost = tokenCostUsd(entry, {
            ...{
              inputTokens: plain + read + write,
              cacheReadTokens: read,
              cacheWriteTokens: write,
            },
            ...{ outputTokens: output, reasoningTokens: output },
          });
          const part = (price: { digits: number; scale: number }, count: number) =>
            fraction(BigInt(price.digits) * BigInt(count), 10n ** BigInt(price.scale + 6));
          const expected = [
            part(prices.input, plain),
            part(prices.read, read),
            part(prices.write, write),
            part(prices.output, output),
          ].reduce(addFractions);
          expect(isEqualFraction(fractionOf(cost), expected)).toBe(true);
        },
      ),
    );
  });

  it("the most a call can cost covers every usage within its limits", () => {
    fc.assert(
      fc.property(
        entryArbitrary,
        fc.nat(50_000),
        fc.integer({ min: 0, max: 30_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        ({ entry }, inputBytes, markup, share, cachedShare) => {
          const inputTokens = Math.floor(inputBytes * share);
          const cost = tokenCostUsd(cheapReads(entry), {
            ...counts,
            inputTokens,
            cacheWriteTokens: Math.floor(inputTokens * cachedShare),
            outputTokens: entry.maxOutputTokens,
          });
          const charge = ceilFraction(
            multiplyFractions(fractionOf(cost), fraction(BigInt(markup) * 10_000_000n, 10_000n)),
          );
          expect(BigInt(mostCallCredits(entry, inputBytes, markup))).toBeGreaterThanOrEqual(charge);
        },
      ),
    );
  });

  it("the input of the most a call can cost is never more than the context", () => {
    const entry = catalogOf({ ...mini, contextTokens: 1_000 }).find("gpt-4o-mini")!;
    expect(mostCallCredits(entry, 5_000_000, 10_000)).toBe(mostCallCredits(entry, 1_000, 10_000));
  });

  it("a context that the catalog does not state bounds nothing", () => {
    const entry = catalogOf(mini).find("gpt-4o-mini")!;
    const most = (inputTokens: number) => mostCallCredits(entry, inputTokens, 10_000);
    expect(most(entry.contextTokens + 1_000_000)).toBe(most(entry.contextTokens) + 1_500_000);
  });
});

const cheapReads = (entry: ModelEntry): ModelEntry => ({ ...entry, cacheReadUsdPerMTok: "0" });

function fractionOf(decimal: string) {
  const [whole = "", digits = ""] = decimal.split(".");
  return fraction(BigInt(whole + digits), 10n ** BigInt(digits.length));
}
