import type { Clock } from "../base/clock.ts";
import { deriveId, newId } from "../base/ids.ts";
import { postCredit, type CreditOutcome } from "./billing.ts";
import type { Credit } from "./record-credit.ts";
import { repeatBatch, type BatchRetry } from "./repeat-batch.ts";

const insertAccount = `
INSERT INTO billing_accounts (id, name, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING`;
const insertDefaultKey = `
INSERT INTO virtual_keys (id, billing_account_id, label, scopes, is_default, created_at)
VALUES (?1, ?2, 'default', '[]', 1, ?3) ON CONFLICT DO NOTHING`;

/** Usage of browser sessions and schedules is attributed to this key; it has no secret and no scopes of its own. */
function defaultKeyId(accountId: string): string {
  return deriveId("key", ["default", accountId]);
}

function accountStatements(
  db: D1Database,
  { accountId, name, now }: { accountId: string; name: string; now: number },
): D1PreparedStatement[] {
  return [
    db.prepare(insertAccount).bind(accountId, name, now),
    db.prepare(insertDefaultKey).bind(defaultKeyId(accountId), accountId, now),
  ];
}

/** Makes an account without credit, together with its default key. */
export async function createAccount(
  db: D1Database,
  { name, now }: { name: string; now: number },
): Promise<{ accountId: string; virtualKeyId: string }> {
  const accountId = newId("account");
  await repeatBatch(db, accountStatements(db, { accountId, name, now }));
  return { accountId, virtualKeyId: defaultKeyId(accountId) };
}

/** Makes a known account where it does not exist yet, and grants its credit once; repeating it changes nothing. */
export async function ensureAccount(
  db: D1Database,
  account: { accountId: string; name: string; grantCredits: number; now: number },
): Promise<{ accountId: string; virtualKeyId: string }> {
  const { accountId, grantCredits, now } = account;
  const statements = accountStatements(db, account);
  if (grantCredits > 0) {
    const grant: Credit = {
      accountId,
      credits: grantCredits,
      reason: "top_up",
      reference: "first-grant",
    };
    // A conflict means that it was granted another amount before: the first grant stands.
    await postCredit({ db, now }, grant, statements);
  } else {
    await repeatBatch(db, statements);
  }
  return { accountId, virtualKeyId: defaultKeyId(accountId) };
}

/**
 * Tops an account up, or puts something right; the same reference again changes nothing. With `receiptId` it is a
 * correction of that receipt, which then shows it as effective.
 */
export async function addCredits(
  deps: { db: D1Database; clock: Clock; retry?: BatchRetry },
  credit: Credit,
): Promise<CreditOutcome> {
  const { db, clock, retry } = deps;
  return postCredit({ db, now: clock.now(), ...(retry && { retry }) }, credit);
}
