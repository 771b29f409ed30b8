import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate } from "../../src/tools/expression.ts";
import { formatRational, rational } from "../../src/tools/rational.ts";

function valueOf(expression: string, digitsMax = 20): string {
  const evaluation = evaluate(expression);
  return evaluation.ok ? formatRational(evaluation.value, digitsMax).text : evaluation.message;
}

describe("arithmetic", () => {
  it.each([
    ["1+2*3", "7"],
    ["(1+2)*3", "9"],
    ["10-2-3", "5"],
    ["100/10/2", "5"],
    ["2^3^2", "512"],
    ["-2^2", "-4"],
    ["(-2)^2", "4"],
    ["2^-2", "0.25"],
    ["2*-3", "-6"],
    ["--4", "4"],
    ["7%3", "1"],
    ["-7%3", "-1"],
    ["5.5%2", "1.5"],
    [".5+1.", "1.5"],
    ["1e3+1.5e-3", "1000.0015"],
    ["0.1+0.2", "0.3"],
    ["1/3*3", "1"],
    ["12345678901234567890*10", "123456789012345678900"],
    [" 1\n+\t1 ", "2"],
    ["0^0", "1"],
    ["-0", "0"],
  ])("%s = %s", (expression, expected) => {
    expect(valueOf(expression)).toBe(expected);
  });

  it.each([
    "",
    "  ",
    "1+",
    "(1",
    "1)",
    "()",
    "1 2",
    "2(3)",
    "1..2",
    "a",
    "1,5",
    "**",
    "0x10",
    "1_000",
  ])("refuses %j with a reason", (expression) => {
    expect(evaluate(expression)).toMatchObject({ ok: false, message: expect.stringMatching(/./) });
  });

  it.each([
    ["1/0", "Division by zero."],
    ["1%0", "Division by zero."],
    ["0^-1", "Division by zero."],
    ["2^0.5", "Exponents must be whole numbers."],
    ["2^1001", "Exponents go up to 1000."],
    ["9^9^9", "Exponents go up to 1000."],
    ["(9^999)^9", "The numbers become too large."],
    ["1e999*1e999*1e999*1e999*1e999*1e999*1e999", "The numbers become too large."],
    ["(".repeat(51) + "1" + ")".repeat(51), "Nested deeper than 50 levels."],
    ["-".repeat(60) + "1", "Nested deeper than 50 levels."],
    ["1".repeat(501), "The expression is longer than 500 characters."],
  ])("refuses %.30s: %s", (expression, reason) => {
    expect(valueOf(expression)).toBe(reason);
  });

  const integer = fc.integer({ min: -1_000_000, max: 1_000_000 });

  it("agrees with whole numbers", () => {
    fc.assert(
      fc.property(integer, integer, integer, (a, b, c) => {
        const expected = BigInt(a) + BigInt(b) * BigInt(c) - (BigInt(a) - BigInt(c));
        expect(valueOf(`${a} + ${b} * ${c} - (${a} - ${c})`)).toBe(expected.toString());
      }),
    );
  });

  it("takes back by multiplying what it divided", () => {
    fc.assert(
      fc.property(
        integer,
        integer.filter((b) => b !== 0),
        (a, b) => {
          expect(valueOf(`(${a}) / (${b}) * (${b})`)).toBe(String(a));
          expect(valueOf(`(${a}) % (${b})`)).toBe(String((a % b) + 0));
        },
      ),
    );
  });

  it("never throws, whatever it is given", () => {
    const symbols = fc.constantFrom(..."0123456789.e+-*/%^() x".split(""));
    fc.assert(
      fc.property(fc.string({ unit: symbols, maxLength: 60 }), (text) => {
        expect(typeof evaluate(text).ok).toBe("boolean");
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("decimal text", () => {
  it.each([
    [1n, 8n, 3, "0.125", true],
    [1n, 8n, 2, "0.13", false],
    [-1n, 8n, 2, "-0.13", false],
    [1n, 1_000n, 2, "0", false],
    [-1n, 1_000n, 2, "0", false],
    [999n, 1_000n, 2, "1", false],
  ])("%d/%d with %d digits is %s", (numerator, denominator, digits, text, isExact) => {
    expect(formatRational(rational(numerator, denominator), digits)).toEqual({ text, isExact });
  });
});
