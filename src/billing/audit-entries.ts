import { find, joinFindings, type Finding } from "./audit-report.ts";

/** Five or six reads each: a statement of a fraction of a second, between which others get their turn. */
const entriesPerRead = 20_000;

const wrongBalances = `
SELECT a.id FROM billing_accounts a
WHERE a.balance_credits <> coalesce((
  SELECT e.balance_after_credits FROM credit_ledger e
  WHERE e.billing_account_id = a.id ORDER BY e.id DESC LIMIT 1), 0)`;

/** Accounts whose balance is not that of their newest entry. Two rows an account. */
export async function findWrongBalances(db: D1Database): Promise<Finding> {
  return find(db, wrongBalances);
}

// An entry never changes, nor does what it stands for, so pages may be read while others write.
const wrongEntries = `
SELECT e.billing_account_id || '/entry/' || e.id AS id FROM credit_ledger e
WHERE e.id > ?1 AND e.id <= ?2 AND (
  e.balance_after_credits <> e.amount_credits + coalesce((
    SELECT p.balance_after_credits FROM credit_ledger p
    WHERE p.billing_account_id = e.billing_account_id AND p.id < e.id ORDER BY p.id DESC LIMIT 1), 0)
  OR (e.reason = 'charge' AND NOT EXISTS (
    SELECT 1 FROM charge_receipts r WHERE r.id = e.receipt_id
      AND r.billing_account_id = e.billing_account_id AND r.charged_credits = -e.amount_credits))
  OR (e.reason <> 'charge' AND e.receipt_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM receipt_corrections c WHERE c.receipt_id = e.receipt_id AND c.reference = e.reference
      AND c.reason = e.reason AND c.charged_delta = -e.amount_credits)))`;

const unpostedCorrections = `
SELECT c.receipt_id || '/correction/' || c.id AS id FROM receipt_corrections c
WHERE c.id > ?1 AND c.id <= ?2 AND NOT EXISTS (
  SELECT 1 FROM credit_ledger e WHERE e.billing_account_id = c.billing_account_id
    AND e.reason = c.reason AND e.reference = c.reference AND e.receipt_id = c.receipt_id
    AND e.amount_credits = -c.charged_delta)`;

/**
 * Entries whose balance does not follow from the one before it, or that stand for no receipt or correction of that
 * amount, and corrections without an entry. Where every entry follows and the newest one is the balance, the balance is
 * the sum of the entries. `newest`: only so many entries, counted back from the last.
 */
export async function findWrongEntries(db: D1Database, newest?: number): Promise<Finding> {
  return joinFindings([
    ...(await inPages(db, "credit_ledger", wrongEntries, newest)),
    ...(await inPages(db, "receipt_corrections", unpostedCorrections, newest)),
  ]);
}

async function inPages(
  db: D1Database,
  table: "credit_ledger" | "receipt_corrections",
  select: string,
  newest = Infinity,
): Promise<Finding[]> {
  const bounds = await db
    .prepare(
      `SELECT (SELECT min(id) FROM ${table}) AS first, (SELECT max(id) FROM ${table}) AS last`,
    )
    .first<{ first: number | null; last: number | null }>();
  const last = bounds?.last ?? 0;
  const findings: Finding[] = [];
  let after = Math.max((bounds?.first ?? 1) - 1, last - newest);
  for (; after < last; after += entriesPerRead) {
    findings.push(await find(db, select, after, Math.min(after + entriesPerRead, last)));
  }
  return findings;
}
