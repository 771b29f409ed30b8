import { and, eq, inArray } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { billingAccounts, spendByPeriod } from "../db/schema.ts";

/** Credits that an account or a key may be charged in a day and in a month, UTC; null: no cap. */
export interface PeriodCaps {
  maxCreditsPerDay: number | null;
  maxCreditsPerMonth: number | null;
}

/** Sets both caps of an account, for all credit that is reserved from now on. False: no such account. */
export async function setAccountCaps(
  db: D1Database,
  accountId: string,
  { maxCreditsPerDay, maxCreditsPerMonth }: PeriodCaps,
): Promise<boolean> {
  const set = await drizzle(db)
    .update(billingAccounts)
    .set({ maxCreditsPerDay, maxCreditsPerMonth })
    .where(eq(billingAccounts.id, accountId))
    .returning({ id: billingAccounts.id });
  return set.length === 1;
}

/** What a capped account was charged in the UTC day and month of `now` (milliseconds); null where it has no such cap. */
export async function chargedUnderCaps(
  db: D1Database,
  accountId: string,
  caps: PeriodCaps,
  now: number,
): Promise<{ today: number | null; thisMonth: number | null }> {
  if (caps.maxCreditsPerDay === null && caps.maxCreditsPerMonth === null)
    return { today: null, thisMonth: null };
  const iso = new Date(now).toISOString();
  const [day, month] = [iso.slice(0, 10), iso.slice(0, 7)];
  const rows = await drizzle(db)
    .select()
    .from(spendByPeriod)
    .where(and(eq(spendByPeriod.ownerId, accountId), inArray(spendByPeriod.period, [day, month])));
  const chargedIn = (period: string, cap: number | null) =>
    cap === null ? null : (rows.find((row) => row.period === period)?.chargedCredits ?? 0);
  return {
    today: chargedIn(day, caps.maxCreditsPerDay),
    thisMonth: chargedIn(month, caps.maxCreditsPerMonth),
  };
}
