import { and, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { deriveId } from "../base/ids.ts";
import { ensureAccount } from "../billing/credits.ts";
import { accessIdentities, virtualKeys } from "../db/schema.ts";
import type { AccessIdentity } from "./access.ts";

/** An account with the key that its people's usage is attributed to. */
export interface AccountHolder {
  accountId: string;
  virtualKeyId: string;
}

/** The account of an identity; made without credit when the identity is seen for the first time. */
export async function accountOf(
  db: D1Database,
  identity: AccessIdentity,
  now: number,
): Promise<AccountHolder> {
  const known = await findBySubject(db, identity.subject);
  if (known !== null) return known;
  // Derived, so that two first requests at the same moment make one account and leave no orphan.
  const accountId = deriveId("account", ["access", identity.subject]);
  const name = identity.kind === "person" ? identity.email : identity.name;
  const holder = await holderOf(db, { accountId, name, grantCredits: 0 }, now);
  await drizzle(db)
    .insert(accessIdentities)
    .values({
      subject: identity.subject,
      billingAccountId: accountId,
      email: identity.kind === "person" ? identity.email : null,
      createdAt: now,
    })
    .onConflictDoNothing();
  return holder;
}

/** The account with its default key, or null when there is no such account. */
export async function findHolder(db: D1Database, accountId: string): Promise<AccountHolder | null> {
  const [row] = await drizzle(db)
    .select({ virtualKeyId: virtualKeys.id })
    .from(virtualKeys)
    .where(and(eq(virtualKeys.billingAccountId, accountId), eq(virtualKeys.isDefault, true)));
  return row === undefined ? null : { accountId, virtualKeyId: row.virtualKeyId };
}

/** The account, made when it is not there yet. Repeating it is harmless and grants nothing twice. */
export async function holderOf(
  db: D1Database,
  account: { accountId: string; name: string; grantCredits: number },
  now: number,
): Promise<AccountHolder> {
  const known = seen.get(db)?.get(account.accountId);
  if (known !== undefined) return known;
  const holder =
    (await findHolder(db, account.accountId)) ?? (await ensureAccount(db, { ...account, now }));
  seen.set(db, (seen.get(db) ?? new Map<string, AccountHolder>()).set(holder.accountId, holder));
  return holder;
}

/** Accounts and default keys are neither deleted nor revoked, so one look at each will do. */
const seen = new WeakMap<D1Database, Map<string, AccountHolder>>();

async function findBySubject(db: D1Database, subject: string): Promise<AccountHolder | null> {
  const [row] = await drizzle(db)
    .select({ accountId: accessIdentities.billingAccountId, virtualKeyId: virtualKeys.id })
    .from(accessIdentities)
    .innerJoin(
      virtualKeys,
      and(
        eq(virtualKeys.billingAccountId, accessIdentities.billingAccountId),
        eq(virtualKeys.isDefault, true),
      ),
    )
    .where(eq(accessIdentities.subject, subject));
  return row ?? null;
}
