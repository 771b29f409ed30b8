import { add, divide, multiply, negate, parseRational, power, remainder } from "./rational.ts";
import type { Rational } from "./rational.ts";

export type Evaluation = { ok: true; value: Rational } | { ok: false; message: string };

const lengthMax = 500;
const depthMax = 50;
const exponentMax = 1_000;
/** Keeps the numbers of a hostile expression, such as 9^9^9, within microseconds of work. */
const bitsMax = 4_000n;

const tokenPattern =
  /\s*(?:(\d+(?:\.\d*)?(?:e[+-]?\d{1,3})?|\.\d+(?:e[+-]?\d{1,3})?)|([-+*/%^()]))/iy;

class Refusal extends Error {}

/**
 * Evaluates arithmetic exactly: numbers, `+ - * / % ^`, parentheses and signs. `^` binds tighter than a sign on its left
 * and groups to the right; `%` is the remainder. Length, depth and size of numbers are bounded.
 */
export function evaluate(text: string): Evaluation {
  if (text.length > lengthMax) {
    return { ok: false, message: `The expression is longer than ${lengthMax} characters.` };
  }
  try {
    return { ok: true, value: new Parser(tokenize(text)).parse() };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, message: error.message };
    throw error;
  }
}

function tokenize(text: string): string[] {
  const source = text.trimEnd();
  const pattern = new RegExp(tokenPattern);
  const tokens: string[] = [];
  while (pattern.lastIndex < source.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(source);
    if (match === null)
      throw new Refusal(`Position ${at + 1} is neither a number nor an operator.`);
    tokens.push(match[1] ?? match[2] ?? "");
  }
  return tokens;
}

/** Recursive descent, one method for each level of precedence, evaluating as it goes. */
class Parser {
  readonly #tokens: readonly string[];
  #position = 0;
  #depth = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  parse(): Rational {
    const value = this.#sum();
    if (this.#position < this.#tokens.length) throw new Refusal(`Unexpected "${this.#peek()}".`);
    return value;
  }

  #sum(): Rational {
    let value = this.#product();
    for (let sign = this.#take("+", "-"); sign !== null; sign = this.#take("+", "-")) {
      const right = this.#product();
      value = bounded(add(value, sign === "+" ? right : negate(right)));
    }
    return value;
  }

  #product(): Rational {
    let value = this.#signed();
    for (let sign = this.#take("*", "/", "%"); sign !== null; sign = this.#take("*", "/", "%")) {
      const right = this.#signed();
      if (sign !== "*" && right.numerator === 0n) throw new Refusal("Division by zero.");
      const operation = sign === "*" ? multiply : sign === "/" ? divide : remainder;
      value = bounded(operation(value, right));
    }
    return value;
  }

  #signed(): Rational {
    const sign = this.#take("+", "-");
    if (sign === null) return this.#power();
    const value = this.#nested(() => this.#signed());
    return sign === "-" ? negate(value) : value;
  }

  #power(): Rational {
    const base = this.#atom();
    if (this.#take("^") === null) return base;
    return raise(
      base,
      this.#nested(() => this.#signed()),
    );
  }

  #atom(): Rational {
    const token = this.#peek();
    if (token === undefined) throw new Refusal("The expression ends too early.");
    this.#position += 1;
    if (token === "(") {
      const value = this.#nested(() => this.#sum());
      if (this.#take(")") === null) throw new Refusal("A closing parenthesis is missing.");
      return value;
    }
    if (!/^[\d.]/.test(token)) throw new Refusal(`Unexpected "${token}".`);
    return bounded(parseRational(token));
  }

  #nested(parse: () => Rational): Rational {
    this.#depth += 1;
    if (this.#depth > depthMax) throw new Refusal(`Nested deeper than ${depthMax} levels.`);
    const value = parse();
    this.#depth -= 1;
    return value;
  }

  #peek(): string | undefined {
    return this.#tokens[this.#position];
  }

  #take(...wanted: readonly string[]): string | null {
    const token = this.#peek();
    if (token === undefined || !wanted.includes(token)) return null;
    this.#position += 1;
    return token;
  }
}

function raise(base: Rational, exponent: Rational): Rational {
  if (exponent.denominator !== 1n) throw new Refusal("Exponents must be whole numbers.");
  const size = Number(exponent.numerator);
  if (Math.abs(size) > exponentMax) throw new Refusal(`Exponents go up to ${exponentMax}.`);
  if (base.numerator === 0n && size < 0) throw new Refusal("Division by zero.");
  if (bitsOf(base) * BigInt(Math.abs(size)) > bitsMax) throw tooLarge();
  return power(base, size);
}

function bounded(value: Rational): Rational {
  if (bitsOf(value) > bitsMax) throw tooLarge();
  return value;
}

function bitsOf({ numerator, denominator }: Rational): bigint {
  // Four bits to a hexadecimal digit: close enough for a bound.
  return BigInt(4 * Math.max(numerator.toString(16).length, denominator.toString(16).length));
}

function tooLarge(): Refusal {
  return new Refusal("The numbers become too large.");
}
