import { getTableColumns, sql } from "drizzle-orm";
import { chargeReceipts, receiptCorrections } from "../db/schema.ts";
import type { Provenance, Settlement } from "../ports/usage-fact.ts";
import { correctionsColumn, type Correction } from "./receipt-corrections.ts";

/** What is true of a receipt now, after its corrections. */
export interface Effective {
  settlement: Settlement;
  /** Where the cost comes from by now. */
  provenance: Provenance;
  inputTokens: number;
  outputTokens: number;
  costUsd: string;
  chargedCredits: number;
}

/** The newest correction says how the call stands now; all of them together say what it was charged. */
const newest = sql`(SELECT max(c.id) FROM receipt_corrections c WHERE c.receipt_id = ${chargeReceipts.id})`;

export const joinNewestCorrection = sql`${receiptCorrections.id} = ${newest}`;

const effectiveColumns = {
  settlement: sql<Settlement>`coalesce(${receiptCorrections.settlement}, ${chargeReceipts.settlement})`,
  provenance: sql<Provenance>`coalesce(${receiptCorrections.provenance}, ${chargeReceipts.provenance})`,
  inputTokens: sql<number>`coalesce(${receiptCorrections.inputTokens}, ${chargeReceipts.inputTokens})`,
  outputTokens: sql<number>`coalesce(${receiptCorrections.outputTokens}, ${chargeReceipts.outputTokens})`,
  costUsd: sql<string>`coalesce(${receiptCorrections.costUsd}, ${chargeReceipts.costUsd})`,
  chargedCredits: sql<number>`${chargeReceipts.chargedCredits} + coalesce((
    SELECT sum(c.charged_delta) FROM receipt_corrections c WHERE c.receipt_id = ${chargeReceipts.id}), 0)`,
};

export type ReceiptRow = typeof chargeReceipts.$inferSelect & {
  effective: Effective;
  corrections: Correction[];
};

/** What is read of a receipt; needs the newest correction joined. */
export const receiptColumns = {
  ...getTableColumns(chargeReceipts),
  effective: effectiveColumns,
  corrections: correctionsColumn,
};
