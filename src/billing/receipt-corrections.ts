import { sql } from "drizzle-orm";
import { chargeReceipts, type receiptCorrections } from "../db/schema.ts";

/** What was changed about a receipt, by the gateway's log or by the operator. Counts and cost are absolute. */
export type Correction = Omit<
  typeof receiptCorrections.$inferSelect,
  "receiptId" | "billingAccountId"
>;

/**
 * A receipt's corrections in their order, as a column of its own row: read in the same statement as what is effective, the
 * two cannot disagree, and a receipt without corrections costs no row more. Sorted here, because D1 counts what it sorts
 * as read again.
 */
export const correctionsColumn = sql<Correction[]>`(
  SELECT json_group_array(json_object('id', c.id, 'reason', c.reason, 'reference', c.reference,
    'settlement', c.settlement, 'provenance', c.provenance, 'inputTokens', c.input_tokens,
    'outputTokens', c.output_tokens, 'costUsd', c.cost_usd, 'chargedDelta', c.charged_delta,
    'createdAt', c.created_at))
  FROM receipt_corrections c WHERE c.receipt_id = ${chargeReceipts.id})`.mapWith((json: string) =>
  (JSON.parse(json) as Correction[]).toSorted((a, b) => a.id - b.id),
);
