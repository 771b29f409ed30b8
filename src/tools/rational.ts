/** An exact fraction: `denominator` is positive and the two have no common divisor. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Reads `12`, `1.5`, `.5` or `2e-3`. The caller has checked the form and bounded the exponent. */
export function parseRational(text: string): Rational {
  const [mantissa = "", exponentText = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = BigInt(whole + fraction);
  const exponent = Number(exponentText) - fraction.length;
  return exponent >= 0
    ? rational(digits * 10n ** BigInt(exponent), 1n)
    : rational(digits, 10n ** BigInt(-exponent));
}

/** `denominator` must not be zero. */
export function rational(numerator: bigint, denominator: bigint): Rational {
  const sign = denominator < 0n ? -1n : 1n;
  const divisor = gcd(abs(numerator), abs(denominator)) * sign;
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

export function add(a: Rational, b: Rational): Rational {
  return rational(
    a.numerator * b.denominator + b.numerator * a.denominator,
    a.denominator * b.denominator,
  );
}

export function negate({ numerator, denominator }: Rational): Rational {
  return { numerator: -numerator, denominator };
}

export function multiply(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.numerator, a.denominator * b.denominator);
}

/** `b` must not be zero. */
export function divide(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator, a.denominator * b.numerator);
}

/** Remainder with the sign of `a`, as in JavaScript. `b` must not be zero. */
export function remainder(a: Rational, b: Rational): Rational {
  const quotient = divide(a, b);
  const whole = rational(quotient.numerator / quotient.denominator, 1n);
  return add(a, negate(multiply(b, whole)));
}

/** `exponent` is an integer, and not negative for a base of zero. */
export function power(base: Rational, exponent: number): Rational {
  const size = BigInt(Math.abs(exponent));
  const raised = { numerator: base.numerator ** size, denominator: base.denominator ** size };
  return exponent >= 0 ? raised : rational(raised.denominator, raised.numerator);
}

/**
 * Decimal text with at most `digitsMax` digits after the point, rounded half away from zero; `isExact` says whether
 * nothing was cut off.
 */
export function formatRational(
  { numerator, denominator }: Rational,
  digitsMax: number,
): { text: string; isExact: boolean } {
  const scaled = abs(numerator) * 10n ** BigInt(digitsMax);
  const isExact = scaled % denominator === 0n;
  const rounded = (scaled * 2n + denominator) / (denominator * 2n);
  const digits = rounded.toString().padStart(digitsMax + 1, "0");
  const fraction = digits.slice(digits.length - digitsMax).replace(/0+$/, "");
  const whole = digits.slice(0, digits.length - digitsMax);
  const sign = numerator < 0n && rounded !== 0n ? "-" : "";
  return { text: sign + whole + (fraction === "" ? "" : `.${fraction}`), isExact };
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}
