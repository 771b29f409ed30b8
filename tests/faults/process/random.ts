import { createHash } from "node:crypto";

/**
 * Numbers that depend on one seed and the names they are drawn under, and not on what happens meanwhile: the tenth run
 * is the same run whatever the first nine did.
 */
export class Random {
  readonly #name: string;
  #drawn = 0;

  constructor(seed: number | string) {
    this.#name = String(seed);
  }

  /** Independent of all draws from this one. */
  fork(name: string): Random {
    return new Random(`${this.#name}/${name}`);
  }

  /** In [0, 1). */
  next(): number {
    this.#drawn += 1;
    const hash = createHash("sha256").update(`${this.#name}#${this.#drawn}`).digest();
    return hash.readUInt32BE() / 2 ** 32;
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  /** Each choice as often as its weight says. */
  pick<Choice>(choices: readonly (readonly [weight: number, choice: Choice])[]): Choice {
    let left = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, choice] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    throw new Error("nothing to choose from");
  }
}
