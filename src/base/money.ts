import { assert } from "./assert.ts";

/** 10,000,000 credits are one US dollar; a credit is the smallest amount that exists. */
export const CREDITS_PER_USD = 10_000_000;
/** A markup of 1. */
export const BASIS_POINTS_OF_ONE = 10_000;
const creditDigits = 7;
const basisPointDigits = 4;
/** Costs have at most this many digits after the point; more is refused rather than rounded. */
const fractionDigitsMax = 30;

/** An exact decimal: `units / 10^scale`. */
interface Decimal {
  units: bigint;
  scale: number;
}

/**
 * Reads a non-negative decimal such as `0.0000025`, `2.5e-7` or a finite number (by its shortest text).
 * Returns canonical plain text (`0.00000025`), or null for anything else: NaN, negative, empty, too long.
 */
export function parseUsd(value: unknown): string | null {
  const text =
    typeof value === "number" ? String(value) : typeof value === "string" ? value.trim() : "";
  const decimal = parseDecimal(text);
  return decimal === null ? null : formatDecimal(decimal);
}

function parseDecimal(text: string): Decimal | null {
  if (text.length > 60) return null;
  const match = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  if (match === null) return null;
  const [, whole = "", fraction = "", exponent = "0"] = match;
  let units = BigInt(whole + fraction);
  let scale = fraction.length - Number(exponent);
  if (scale < 0) {
    units *= 10n ** BigInt(-scale);
    scale = 0;
  }
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n;
    scale -= 1;
  }
  if (scale > fractionDigitsMax || units.toString().length > 39) return null;
  return { units, scale };
}

function formatDecimal({ units, scale }: Decimal): string {
  if (scale === 0) return units.toString();
  const digits = units.toString().padStart(scale + 1, "0");
  return `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function exact(usd: string): Decimal {
  const decimal = parseDecimal(usd);
  assert(decimal !== null, "cost is exact decimal text");
  return decimal;
}

/**
 * Charge in credits: ceil(cost x markup), rounded once, exact before that.
 * `markupBasisPoints` 10,000 is a factor of 1. Null when the result is beyond what a ledger can hold.
 */
export function chargeCredits(costUsd: string, markupBasisPoints: number): number | null {
  assert(
    Number.isSafeInteger(markupBasisPoints) && markupBasisPoints >= 0,
    "markup in basis points",
  );
  const { units, scale } = exact(costUsd);
  const numerator = units * BigInt(markupBasisPoints) * 10n ** BigInt(creditDigits);
  const denominator = 10n ** BigInt(scale + basisPointDigits);
  const credits = (numerator + denominator - 1n) / denominator;
  return credits > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(credits);
}

/** Exact sum of price x tokens, prices in USD per million tokens. */
export function costFromPrices(parts: readonly { usdPerMTok: string; tokens: number }[]): string {
  let sum: Decimal = { units: 0n, scale: 0 };
  for (const { usdPerMTok, tokens } of parts) {
    assert(Number.isSafeInteger(tokens) && tokens >= 0, "token count");
    const price = exact(usdPerMTok);
    sum = add(sum, { units: price.units * BigInt(tokens), scale: price.scale + 6 });
  }
  return formatDecimal(trimmed(sum));
}

function add(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  const lift = (d: Decimal) => d.units * 10n ** BigInt(scale - d.scale);
  return { units: lift(a) + lift(b), scale };
}

function trimmed({ units, scale }: Decimal): Decimal {
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n;
    scale -= 1;
  }
  return { units, scale };
}

export function isZeroUsd(usd: string): boolean {
  return exact(usd).units === 0n;
}

/** No call costs more: a gateway that says so is broken, and its number may be beyond what can be posted. */
const callCostUsdMax = 100_000n;

/** Whether a gateway's word on the cost of one call is taken. It may say 0 for a model whose price it does not know. */
export function isBelievableCost(costUsd: string, mayBeZero: boolean): boolean {
  const { units, scale } = exact(costUsd);
  return (mayBeZero || units > 0n) && units <= callCostUsdMax * 10n ** BigInt(scale);
}

/** `1.25` -> 12,500. Null for anything that is not a decimal with at most four digits after the point. */
export function parseMarkup(text: string): number | null {
  const decimal = parseDecimal(text.trim());
  if (decimal === null || decimal.scale > basisPointDigits) return null;
  const points = Number(decimal.units * 10n ** BigInt(basisPointDigits - decimal.scale));
  return Number.isSafeInteger(points) ? points : null;
}

/** The markup in basis points that a receipt was priced with, as its price version says; null when it says none. */
export function markupOf(priceVersion: string): number | null {
  const [, points] = /\*(\d+)bp$/.exec(priceVersion) ?? [];
  return points === undefined ? null : Number(points);
}

/** Credits as dollars for people: `1,234,567` credits -> `0.1234567`. Exact; never rounds a charge away. */
export function formatCreditsUsd(credits: number): string {
  const sign = credits < 0 ? "-" : "";
  const text = formatDecimal(trimmed({ units: BigInt(Math.abs(credits)), scale: creditDigits }));
  const [whole = "0", fraction = ""] = text.split(".");
  return `${sign}${whole}.${fraction.padEnd(2, "0")}`;
}
