/** Exact rational numbers: an oracle for money that shares no code with it. */
export interface Fraction {
  top: bigint;
  bottom: bigint;
}

export function fraction(top: bigint, bottom: bigint): Fraction {
  return { top, bottom };
}

export function addFractions(a: Fraction, b: Fraction): Fraction {
  return { top: a.top * b.bottom + b.top * a.bottom, bottom: a.bottom * b.bottom };
}

export function multiplyFractions(a: Fraction, b: Fraction): Fraction {
  return { top: a.top * b.top, bottom: a.bottom * b.bottom };
}

export function isEqualFraction(a: Fraction, b: Fraction): boolean {
  return a.top * b.bottom === b.top * a.bottom;
}

/** The smallest integer that is not below it; for fractions that are not negative. */
export function ceilFraction({ top, bottom }: Fraction): bigint {
  return top % bottom === 0n ? top / bottom : top / bottom + 1n;
}
