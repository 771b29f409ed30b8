import { and, asc, desc, eq, sql, lt, or } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { decodeCursor, pageOf, type Page, type PageWish } from "../base/paging.ts";
import {
  billingAccounts,
  chargeReceipts,
  creditLedger,
  graphRuns,
  receiptCorrections,
} from "../db/schema.ts";
import type { RunStatus } from "../ports/run.ts";
import type { Trigger } from "../ports/usage-fact.ts";
import type { PeriodCaps } from "./account-caps.ts";
import { joinNewestCorrection, receiptColumns, type ReceiptRow } from "./effective.ts";

/**
 * What an account is shown of its money and of the runs that spent it. Every read takes the account, and what belongs to
 * another one is not there. Times in milliseconds, money in credits.
 */

export interface AccountStatement {
  accountId: string;
  name: string;
  balanceCredits: number;
  heldCredits: number;
  /** What a new run may still reserve; below 0 after a settlement that exceeded its lease. */
  availableCredits: number;
  caps: PeriodCaps;
}

export async function accountStatement(
  db: D1Database,
  accountId: string,
): Promise<AccountStatement | null> {
  const [row] = await drizzle(db)
    .select()
    .from(billingAccounts)
    .where(eq(billingAccounts.id, accountId));
  if (row === undefined) return null;
  const { id, name, balanceCredits, heldCredits, maxCreditsPerDay, maxCreditsPerMonth } = row;
  const availableCredits = balanceCredits - heldCredits;
  const caps = { maxCreditsPerDay, maxCreditsPerMonth };
  return { accountId: id, name, balanceCredits, heldCredits, availableCredits, caps };
}

export interface LedgerEntry {
  entryId: string;
  amountCredits: number;
  balanceAfterCredits: number;
  reason: "top_up" | "charge" | "correction" | "refund";
  reference: string;
  receiptId: string | null;
  createdAt: number;
}

/** Newest first. Entries are numbered in the order of posting, so the number alone is the place. */
export async function listLedger(db: D1Database, wish: PageWish): Promise<Page<LedgerEntry>> {
  const after = decodeCursor("ledger", wish.cursor);
  const rows = await drizzle(db)
    .select()
    .from(creditLedger)
    .where(
      and(
        eq(creditLedger.billingAccountId, wish.accountId),
        after === null ? undefined : lt(creditLedger.id, after.at),
      ),
    )
    .orderBy(desc(creditLedger.id))
    .limit(wish.limit + 1);
  const page = pageOf("ledger", rows, wish.limit, (row) => ({ at: row.id, id: "entry" }));
  const items = page.items.map(({ id, ...entry }) => ({
    entryId: String(id),
    amountCredits: entry.amountCredits,
    balanceAfterCredits: entry.balanceAfterCredits,
    reason: entry.reason,
    reference: entry.reference,
    receiptId: entry.receiptId,
    createdAt: entry.createdAt,
  }));
  return { items, nextCursor: page.nextCursor };
}

export type RunRow = typeof graphRuns.$inferSelect;

export async function getRunRow(
  db: D1Database,
  accountId: string,
  runId: string,
): Promise<RunRow | null> {
  const [row] = await drizzle(db)
    .select()
    .from(graphRuns)
    .where(and(eq(graphRuns.id, runId), eq(graphRuns.billingAccountId, accountId)));
  return row ?? null;
}

export interface RunFilters {
  status?: RunStatus | undefined;
  graphId?: string | undefined;
  trigger?: Trigger | undefined;
  threadId?: string | undefined;
  scheduleId?: string | undefined;
}

/** Newest first. */
export async function listRuns(db: D1Database, wish: PageWish & RunFilters): Promise<Page<RunRow>> {
  const after = decodeCursor("runs", wish.cursor);
  const { createdAt, id } = graphRuns;
  const rows = await drizzle(db)
    .select()
    .from(graphRuns)
    .where(
      and(
        eq(graphRuns.billingAccountId, wish.accountId),
        wish.status && eq(graphRuns.status, wish.status),
        wish.graphId === undefined ? undefined : eq(graphRuns.graphId, wish.graphId),
        wish.trigger && eq(graphRuns.trigger, wish.trigger),
        wish.threadId === undefined ? undefined : eq(graphRuns.threadId, wish.threadId),
        wish.scheduleId === undefined ? undefined : eq(graphRuns.scheduleId, wish.scheduleId),
        after === null
          ? undefined
          : or(lt(createdAt, after.at), and(eq(createdAt, after.at), lt(id, after.id))),
      ),
    )
    .orderBy(desc(createdAt), desc(id))
    .limit(wish.limit + 1);
  return pageOf("runs", rows, wish.limit, (row) => ({ at: row.createdAt, id: row.id }));
}

/** Every receipt of a run, in the order of settlement. */
export async function listReceipts(
  db: D1Database,
  accountId: string,
  runId: string,
): Promise<ReceiptRow[]> {
  return (
    drizzle(db)
      .select(receiptColumns)
      .from(chargeReceipts)
      .leftJoin(receiptCorrections, joinNewestCorrection)
      // The plus keeps SQLite from walking through all that the account was ever charged instead of the run's few.
      .where(
        and(
          eq(chargeReceipts.runId, runId),
          sql`+${chargeReceipts.billingAccountId} = ${accountId}`,
        ),
      )
      .orderBy(asc(chargeReceipts.createdAt), asc(chargeReceipts.id))
  );
}
