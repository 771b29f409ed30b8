import { and, desc, eq, lt, or, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { newId } from "../base/ids.ts";
import { decodeCursor, pageOf } from "../base/paging.ts";
import type { Page, PageWish } from "../base/paging.ts";
import type { PeriodCaps } from "../billing/account-caps.ts";
import { virtualKeys } from "../db/schema.ts";
import { isScope, scopes as everyScope } from "./principal.ts";
import type { Principal, Scope } from "./principal.ts";
import { hashApiKey, isSameSecret, keyIdOf, mintApiKey } from "./api-key-text.ts";

export interface KeyCaps extends PeriodCaps {
  /** Credits that it may be charged over its life; null: no cap. */
  maxCredits: number | null;
}

/** A key as its owner sees it. Times in milliseconds; the secret is not among what is known. */
export interface ApiKey extends KeyCaps {
  keyId: string;
  label: string;
  scopes: Scope[];
  expiresAt: number | null;
  revokedAt: number | null;
  createdAt: number;
}

export interface NewApiKey extends KeyCaps {
  accountId: string;
  label: string;
  scopes: readonly Scope[];
  expiresAt: number | null;
}

/** Who a key's text stands for, or null: unknown, wrong, revoked, expired and default keys look alike from outside. */
export async function findKeyHolder(
  db: D1Database,
  text: string,
  pepper: string,
  now: number,
): Promise<Principal | null> {
  const keyId = keyIdOf(text);
  if (keyId === null) return null;
  const [row] = await drizzle(db).select().from(virtualKeys).where(eq(virtualKeys.id, keyId));
  const hash = hashApiKey(text, pepper);
  if (row === undefined || row.secretHmac === null) return null;
  if (!isSameSecret(hash, row.secretHmac)) return null;
  if (row.revokedAt !== null) return null;
  if (row.expiresAt !== null && row.expiresAt <= now) return null;
  const scopes = new Set(row.scopes.filter(isScope));
  const isBounded =
    row.expiresAt !== null || Object.values(capsOf(row)).some((cap) => cap !== null);
  return {
    kind: "key",
    accountId: row.billingAccountId,
    virtualKeyId: row.id,
    scopes,
    isBounded,
    mayManageKeys: scopes.size === everyScope.length && !isBounded,
  };
}

/** Makes a key. `text` is what a program sends after `Bearer `; only its hash is stored, so this is its one appearance. */
export async function createKey(
  db: D1Database,
  wanted: NewApiKey,
  pepper: string,
  now: number,
): Promise<{ key: ApiKey; text: string }> {
  const { keyId, text } = mintApiKey(newId("key"));
  const scopes = [...new Set(wanted.scopes)];
  await drizzle(db)
    .insert(virtualKeys)
    .values({
      id: keyId,
      billingAccountId: wanted.accountId,
      label: wanted.label,
      secretHmac: hashApiKey(text, pepper),
      scopes,
      ...capsOf(wanted),
      expiresAt: wanted.expiresAt,
      revokedAt: null,
      isDefault: false,
      createdAt: now,
    });
  const { label, expiresAt } = wanted;
  const caps = capsOf(wanted);
  const key = { keyId, label, scopes, ...caps, expiresAt, revokedAt: null, createdAt: now };
  return { key, text };
}

function capsOf({ maxCredits, maxCreditsPerDay, maxCreditsPerMonth }: KeyCaps): KeyCaps {
  return { maxCredits, maxCreditsPerDay, maxCreditsPerMonth };
}

/** An account's keys, newest first; the default key, which has no secret, is not shown. */
export async function listKeys(db: D1Database, wish: PageWish): Promise<Page<ApiKey>> {
  const after = decodeCursor("keys", wish.cursor);
  const { createdAt, id } = virtualKeys;
  const rows = await drizzle(db)
    .select()
    .from(virtualKeys)
    .where(
      and(
        eq(virtualKeys.billingAccountId, wish.accountId),
        eq(virtualKeys.isDefault, false),
        after === null
          ? undefined
          : or(lt(createdAt, after.at), and(eq(createdAt, after.at), lt(id, after.id))),
      ),
    )
    .orderBy(desc(createdAt), desc(id))
    .limit(wish.limit + 1);
  const page = pageOf("keys", rows, wish.limit, (row) => ({ at: row.createdAt, id: row.id }));
  const items = page.items.map((row) => ({
    keyId: row.id,
    label: row.label,
    scopes: row.scopes.filter(isScope),
    ...capsOf(row),
    expiresAt: row.expiresAt,
    revokedAt: row.revokedAt,
    createdAt: row.createdAt,
  }));
  return { items, nextCursor: page.nextCursor };
}

/** False: the account has no such key. Revoking twice keeps the first time. */
export async function revokeKey(
  db: D1Database,
  accountId: string,
  keyId: string,
  now: number,
): Promise<boolean> {
  const own = and(
    eq(virtualKeys.id, keyId),
    eq(virtualKeys.billingAccountId, accountId),
    eq(virtualKeys.isDefault, false),
  );
  const revoked = await drizzle(db)
    .update(virtualKeys)
    .set({ revokedAt: sql`coalesce(${virtualKeys.revokedAt}, ${now})` })
    .where(own)
    .returning({ id: virtualKeys.id });
  return revoked.length === 1;
}
