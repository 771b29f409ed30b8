/**
 * The one key that means something in encoded values: `{ "$rl": [kind, payload] }` stands for what JSON lacks. Data that
 * has the key itself is encoded as kind `object`, so nothing from outside is ever taken for one of ours.
 *
 * A kind never changes its meaning. A new shape is a new kind, which older code refuses instead of misreading it.
 */
export const tag = "$rl";

/** JSON that may hold tagged nodes. */
export type Tree = null | boolean | number | string | Tree[] | { [key: string]: Tree };
