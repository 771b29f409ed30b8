import { sql } from "drizzle-orm";
import { chargeReceipts, receiptCorrections } from "../db/schema.ts";
import type { Settlement } from "../ports/usage-fact.ts";

/** What is true of a receipt now, after its corrections. */
export interface Effective {
  settlement: Settlement;
  costUsd: string;
  chargedCredits: number;
}

/** The newest correction says how the call stands now; all of them together say what it was charged. */
const newest = sql`(SELECT max(c.id) FROM receipt_corrections c WHERE c.receipt_id = ${chargeReceipts.id})`;

export const joinNewestCorrection = sql`${receiptCorrections.id} = ${newest}`;

export const effectiveColumns = {
  settlement: sql<Settlement>`coalesce(${receiptCorrections.settlement}, ${chargeReceipts.settlement})`,
  costUsd: sql<string>`coalesce(${receiptCorrections.costUsd}, ${chargeReceipts.costUsd})`,
  chargedCredits: sql<number>`${chargeReceipts.chargedCredits} + coalesce((
    SELECT sum(c.charged_delta) FROM receipt_corrections c WHERE c.receipt_id = ${chargeReceipts.id}), 0)`,
};
