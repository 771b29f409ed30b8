import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hashApiKey, isSameSecret, keyIdOf, mintApiKey } from "../../src/auth/api-key-text.ts";
import { newId } from "../../src/base/ids.ts";

describe("a key's text", () => {
  test("gives its id back, although ids and secrets may contain underscores", () => {
    for (let round = 0; round < 200; round += 1) {
      const minted = mintApiKey(newId("key"));
      expect(keyIdOf(minted.text)).toBe(minted.keyId);
    }
  });

  test("never repeats a secret for the same id", () => {
    const keyId = newId("key");
    expect(mintApiKey(keyId).text).not.toBe(mintApiKey(keyId).text);
  });

  test("is refused when it is changed in form", () => {
    const { text } = mintApiKey(newId("key"));
    const wrong = [
      "",
      text.slice(0, -1),
      `${text}a`,
      ` ${text}`,
      `${text}\n`,
      text.toUpperCase(),
      text.replace("rl_", "rk_"),
      text.replace("key_", "acct_"),
      "rl_key_' OR 1=1--",
    ];
    for (const candidate of wrong) expect(keyIdOf(candidate)).toBeNull();
  });

  test("is never found in arbitrary text", () => {
    fc.assert(fc.property(fc.string(), (text) => keyIdOf(text) === null));
  });
});

describe("a key's hash", () => {
  test("depends on every part of the text and on the pepper", () => {
    const { text } = mintApiKey(newId("key"));
    const other = mintApiKey(newId("key")).text;
    const hashes = [hashApiKey(text, "a"), hashApiKey(text, "b"), hashApiKey(other, "a")];
    expect(new Set(hashes).size).toBe(3);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(hashes[0]).not.toContain(text);
  });

  test("cannot be moved to the row of another key with the same secret", () => {
    const secret = "x".repeat(43);
    const [first, second] = [newId("key"), newId("key")];
    expect(hashApiKey(`rl_${first}_${secret}`, "p")).not.toBe(
      hashApiKey(`rl_${second}_${secret}`, "p"),
    );
  });
});

test("secrets are the same only when every character is", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => isSameSecret(a, b) === (a === b)));
  expect(isSameSecret("same", "same")).toBe(true);
  expect(isSameSecret("", "")).toBe(true);
});
