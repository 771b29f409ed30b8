import { sha256 } from "./hash.ts";

/** Every kind of id and its prefix, in one table. */
const prefixes = {
  run: "run_",
  thread: "thr_",
  schedule: "sch_",
  account: "acct_",
  key: "key_",
  receipt: "rcpt_",
  message: "msg_",
  call: "call_",
  request: "req_",
} as const;

export type IdKind = keyof typeof prefixes;

// Crockford's base 32 in lower case: no i, l, o, u.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const idLength = 26;

/** 130 random bits. */
export function newId(kind: IdKind): string {
  return prefixes[kind] + base32(crypto.getRandomValues(new Uint8Array(17)));
}

/**
 * The same parts give the same id: `deriveId("run", ["slot", scheduleId, slotIso])`. The parts are hashed as a JSON
 * array that starts with a domain word, so that no two uses can meet.
 */
export function deriveId(
  kind: IdKind,
  parts: readonly [domain: string, ...rest: (string | number)[]],
): string {
  return prefixes[kind] + base32(sha256(JSON.stringify(parts)));
}

export function isId(kind: IdKind, text: string): boolean {
  const prefix = prefixes[kind];
  return (
    text.length === prefix.length + idLength &&
    text.startsWith(prefix) &&
    /^[0-9a-hjkmnp-tv-z]+$/.test(text.slice(prefix.length))
  );
}

function base32(bytes: Uint8Array): string {
  let bits = 0;
  let value = 0;
  let text = "";
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5 && text.length < idLength) {
      text += alphabet[(value >>> (bits - 5)) & 31];
      bits -= 5;
    }
    value &= (1 << bits) - 1;
    if (text.length === idLength) break;
  }
  return text;
}
