import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { isId } from "../base/ids.ts";

/**
 * The one definition of a key's text: `rl_<keyId>_<secret>`. The key id contains an underscore itself and the secret may
 * (base64url of 32 bytes), so the two are told apart by the fixed length of each.
 */
const keyForm = /^rl_(key_[0-9a-z]{26})_([A-Za-z0-9_-]{43})$/;
const secretBytes = 32;

export interface ApiKeyText {
  keyId: string;
  /** What a program sends after `Bearer `; exists only in the answer that made it. */
  text: string;
}

export function mintApiKey(keyId: string): ApiKeyText {
  return { keyId, text: `rl_${keyId}_${randomBytes(secretBytes).toString("base64url")}` };
}

/** The key's id, or null when the text is not a key. */
export function keyIdOf(text: string): string | null {
  const keyId = keyForm.exec(text)?.[1];
  return keyId !== undefined && isId("key", keyId) ? keyId : null;
}

/** What is stored: 64 hex digits. The id is part of the hashed text, so that a hash moved to another row is worthless. */
export function hashApiKey(text: string, pepper: string): string {
  return createHmac("sha256", pepper).update(text).digest("hex");
}

/** Compares two texts in a time that depends on neither's content. */
export function isSameSecret(given: string, expected: string): boolean {
  // Hashed first, because timingSafeEqual wants equal lengths and a length must not leak either.
  const digest = (text: string) => createHmac("sha256", "compare").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
