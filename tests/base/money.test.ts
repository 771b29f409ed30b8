import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  chargeCredits,
  costFromPrices,
  formatCreditsUsd,
  isZeroUsd,
  parseMarkup,
  parseUsd,
} from "../../src/base/money.ts";
import {
  addFractions,
  ceilFraction,
  fraction,
  isEqualFraction,
  multiplyFractions,
} from "./fraction.ts";

/** digits x 10^-scale, written as a decimal and as a fraction. */
const amount = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.integer({ min: 0, max: 20 }))
  .map(([digits, scale]) => ({
    text: `${digits}e-${scale}`,
    value: fraction(digits, 10n ** BigInt(scale)),
  }));

function fractionOf(decimal: string) {
  const [whole = "", digits = ""] = decimal.split(".");
  return fraction(BigInt(whole + digits), 10n ** BigInt(digits.length));
}

describe("parseUsd", () => {
  it.each([
    ["0.0000025", "0.0000025"],
    ["1e-7", "0.0000001"],
    ["0.0000002999999", "0.0000002999999"],
    ["2.5e-07", "0.00000025"],
    [2.5e-7, "0.00000025"],
    [1e21, "1000000000000000000000"],
    ["1.50", "1.5"],
    [" 3 ", "3"],
    ["0.0", "0"],
    ["00.10", "0.1"],
    ["1E+2", "100"],
  ])("reads %j as %s", (value, text) => {
    expect(parseUsd(value)).toBe(text);
  });

  it.each([
    ...["", " ", "-1", "+1", ".5", "1.", "1,5", "0x10", "NaN", "Infinity", "1e", "1e9999", "1e-99"],
    ...["9".repeat(70), "1_000", "١", NaN, Infinity, -0.5, null, undefined, true, {}, []],
  ])("refuses %j", (value) => {
    expect(parseUsd(value)).toBeNull();
  });

  it("keeps the exact value, and reads its own text again unchanged", () => {
    fc.assert(
      fc.property(amount, ({ text, value }) => {
        const usd = parseUsd(text)!;
        expect(isEqualFraction(fractionOf(usd), value)).toBe(true);
        expect(parseUsd(usd)).toBe(usd);
      }),
    );
  });

  it("reads a number by the shortest text that names it", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-13, max: 1e20, noNaN: true }), (value) => {
        expect(Number(parseUsd(value))).toBe(value);
      }),
    );
  });

  it("never throws, and answers with canonical text or null", () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true }), (value) => {
        const usd = parseUsd(value);
        expect(usd === null || /^(0|[1-9]\d*)(\.\d*[1-9])?$/.test(usd)).toBe(true);
      }),
    );
  });
});

describe("chargeCredits", () => {
  it.each([
    ["0.0000025", 10_000, 25],
    ["0.0000001", 10_000, 1],
    ["0.0000002999999", 10_000, 3],
    ["0.00000025", 10_000, 3],
    ["0.0000003", 10_000, 3],
    ["0", 10_000, 0],
    ["0.0000001", 1, 1],
    ["0.0000001", 0, 0],
    ["1", 12_500, 12_500_000],
  ])("charges %s at a markup of %i basis points: %i", (costUsd, markup, credits) => {
    expect(chargeCredits(costUsd, markup)).toBe(credits);
  });

  it("rounds up once, from the exact product", () => {
    fc.assert(
      fc.property(amount, fc.integer({ min: 0, max: 1_000_000 }), ({ text, value }, markup) => {
        const factor = fraction(BigInt(markup) * 10_000_000n, 10_000n);
        const expected = ceilFraction(multiplyFractions(value, factor));
        const isPossible = expected <= BigInt(Number.MAX_SAFE_INTEGER);
        expect(chargeCredits(parseUsd(text)!, markup)).toBe(isPossible ? Number(expected) : null);
      }),
    );
  });

  it("is null for what no ledger can hold", () => {
    expect(chargeCredits("900719925.4740991", 10_000)).toBe(Number.MAX_SAFE_INTEGER);
    expect(chargeCredits("900719925.4740992", 10_000)).toBeNull();
  });

  it.each([NaN, 1.5, -1, Infinity])("takes a markup of %d for a bug", (markup) => {
    expect(() => chargeCredits("1", markup)).toThrow(/markup/);
  });

  it("takes a cost that is no decimal for a bug", () => {
    expect(() => chargeCredits("-1", 10_000)).toThrow(/exact decimal/);
  });
});

describe("costFromPrices", () => {
  it("is the exact sum", () => {
    const part = fc.tuple(amount, fc.nat(10_000_000));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        const cost = costFromPrices(
          parts.map(([{ text }, tokens]) => ({ usdPerMTok: parseUsd(text)!, tokens })),
        );
        const expected = parts
          .map(([{ value }, tokens]) =>
            multiplyFractions(value, fraction(BigInt(tokens), 1_000_000n)),
          )
          .reduce(addFractions, fraction(0n, 1n));
        expect(isEqualFraction(fractionOf(cost), expected)).toBe(true);
      }),
    );
  });

  it.each([-1, 1.5, NaN, 2 ** 53])("takes %d tokens for a bug", (tokens) => {
    expect(() => costFromPrices([{ usdPerMTok: "1", tokens }])).toThrow(/token count/);
  });
});

describe("other amounts", () => {
  it("zero is zero in any spelling", () => {
    expect(["0", "0.000", "0e5"].map(isZeroUsd)).toEqual([true, true, true]);
    expect(isZeroUsd("0.0000000001")).toBe(false);
  });

  it.each([
    ["1", 10_000],
    ["1.25", 12_500],
    ["0", 0],
    ["1.00001", null],
    ["-1", null],
    ["much", null],
  ])("a markup of %s is %s basis points", (text, points) => {
    expect(parseMarkup(text)).toBe(points);
  });

  it.each([
    [1_234_567, "0.1234567"],
    [10_000_000, "1.00"],
    [-15_000_000, "-1.50"],
    [0, "0.00"],
    [1, "0.0000001"],
  ])("shows %i credits as %s dollars", (credits, text) => {
    expect(formatCreditsUsd(credits)).toBe(text);
  });
});
