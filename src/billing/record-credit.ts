import { assert } from "../base/assert.ts";

/** Credit given to an account, or taken back by a negative correction. */
export interface Credit {
  accountId: string;
  credits: number;
  reason: "top_up" | "refund" | "correction";
  /** Unique per account: the same reference is the same credit. */
  reference: string;
  /** The receipt that is put right; the credit then shows in its `effective` charge. */
  receiptId?: string;
}

const insertEntry = `
INSERT INTO credit_ledger (billing_account_id, amount_credits, balance_after_credits, reason, reference, created_at)
SELECT a.id, ?2, a.balance_credits + ?2, ?3, ?4, ?5 FROM billing_accounts a WHERE a.id = ?1
RETURNING id`;

// A refund changes what is charged and leaves what is known of the call as it is. A repeat finds its reference and adds
// nothing, whatever other correction came in between.
const insertCorrection = `
INSERT INTO receipt_corrections (receipt_id, billing_account_id, reason, reference, settlement, provenance,
  input_tokens, output_tokens, cost_usd, charged_delta, created_at)
SELECT r.id, r.billing_account_id, ?3, ?4, coalesce(c.settlement, r.settlement),
  coalesce(c.provenance, r.provenance), coalesce(c.input_tokens, r.input_tokens),
  coalesce(c.output_tokens, r.output_tokens), coalesce(c.cost_usd, r.cost_usd), -?2, ?5
FROM charge_receipts r LEFT JOIN receipt_corrections c
  ON c.id = (SELECT max(p.id) FROM receipt_corrections p WHERE p.receipt_id = r.id)
WHERE r.id = ?6 AND r.billing_account_id = ?1
  AND NOT EXISTS (SELECT 1 FROM receipt_corrections p WHERE p.receipt_id = r.id AND p.reference = ?4)
RETURNING id`;

/** The INSERT of a credit; it returns a row only when it posted now. */
export function recordCredit(db: D1Database, credit: Credit, now: number): D1PreparedStatement {
  const { accountId, credits, reason, reference, receiptId } = credit;
  assert(Number.isSafeInteger(credits) && credits !== 0, "credits are a whole number");
  assert(reason === "correction" || credits > 0, "only a correction takes credits away");
  assert(reference.length > 0 && reference.length <= 255, "a credit has a reference");
  return receiptId === undefined
    ? db.prepare(insertEntry).bind(accountId, credits, reason, reference, now)
    : db.prepare(insertCorrection).bind(accountId, credits, reason, reference, now, receiptId);
}
