import { utf8Length } from "../base/utf8.ts";

/**
 * How many tokens a text is, where nobody counted: a rule by kinds of characters, tuned to the `o200k_base` vocabulary.
 * On prose, code, JSON and some twenty languages it stays within 20 % of that tokenizer; on scripts that few texts are
 * written in it is further off. The vocabulary itself weighs over a megabyte compressed, more than the rest of the
 * Worker, and would be exact for one family of models only.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (const { 0: run, groups = {} } of text.matchAll(runs)) {
    if (groups["word"] !== undefined) tokens += wordTokens(run);
    else if (groups["digits"] !== undefined) tokens += Math.ceil(run.length / 3);
    else if (groups["dense"] !== undefined) tokens += run.length * 0.7;
    else if (groups["letters"] !== undefined) tokens += Math.max(1, run.length * 0.3);
    else if (groups["marks"] !== undefined) tokens += Math.ceil(run.length / 2.2);
    // A single space is part of the word after it.
    else if (groups["space"] !== undefined) tokens += run === " " ? 0 : 1;
    else tokens += run.length;
  }
  // No more than what is reserved for a call, which is a token a byte.
  return Math.min(utf8Length(text), Math.ceil(tokens));
}

/** Runs of one kind; the last kind is emoji and other symbols, one code point at a time. */
const runs = new RegExp(
  [
    String.raw`(?<word>\p{Script=Latin}[\p{Script=Latin}\p{M}]*)`,
    String.raw`(?<digits>\p{Nd}+)`,
    String.raw`(?<dense>[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー\u3000-\u303f\uff00-\uffef]+)`,
    String.raw`(?<letters>[\p{L}\p{M}]+)`,
    String.raw`(?<space>\s+)`,
    String.raw`(?<marks>[!-\/:-@\[-\x60{-~]+)`,
    "[^]",
  ].join("|"),
  "gu",
);

/** Common English words are one token each; words with accents are other languages', of which fewer are known whole. */
function wordTokens(word: string): number {
  if (!/^[A-Za-z]+$/.test(word)) return 0.5 + word.length * 0.28;
  const parts = word.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? [word];
  return parts.reduce((tokens, part) => tokens + 1 + Math.max(0, part.length - 7) / 5, 0);
}
