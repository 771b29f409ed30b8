import type { UsageFact } from "../ports/usage-fact.ts";
import type { BillingDeps, CommittedReceipt } from "./posting.ts";
import { contentHash, receiptIdOf, sourceReference } from "./pricing.ts";
import { repeatBatch } from "./repeat-batch.ts";

/** A receipt as the last read of a batch finds it. */
export interface ReceiptRow {
  id: string;
  charged_credits: number;
}

const readReceipts = `
SELECT id, charged_credits FROM charge_receipts WHERE id IN (SELECT value FROM json_each(?1))`;
const readCorrected = `
SELECT r.id, r.charged_credits + (
    SELECT sum(c.charged_delta) FROM receipt_corrections c WHERE c.receipt_id = r.id) AS charged_credits
FROM charge_receipts r
WHERE r.id = ?1 AND EXISTS (
  SELECT 1 FROM receipt_corrections c WHERE c.receipt_id = r.id AND c.reference = ?2)`;

export function receiptIdsOf(facts: readonly UsageFact[]): string[] {
  return facts.map((fact) => receiptIdOf(fact.source, sourceReference(fact)));
}

/** The receipts of these facts, whoever posted them. */
export function receiptsOf(db: D1Database, facts: readonly UsageFact[]): D1PreparedStatement {
  return db.prepare(readReceipts).bind(JSON.stringify(receiptIdsOf(facts)));
}

/** `charges` is what the receipts of these facts charge, by their ids. */
export function committedOf(
  facts: readonly UsageFact[],
  charges: ReadonlyMap<string, number>,
  receiptIds: readonly string[] = receiptIdsOf(facts),
): CommittedReceipt[] {
  return facts.map((fact, index) => {
    const receiptId = receiptIds[index];
    const chargedCredits = receiptId === undefined ? undefined : charges.get(receiptId);
    if (receiptId === undefined || chargedCredits === undefined)
      throw new Error("a committed receipt is not in the ledger");
    return { fact, sourceReference: sourceReference(fact), receiptId, chargedCredits };
  });
}

export function chargesOf(rows: readonly ReceiptRow[]): Map<string, number> {
  return new Map(rows.map((row) => [row.id, row.charged_credits]));
}

/** The receipt of this fact, if it was corrected by this very fact. */
export function correctedOf(
  db: D1Database,
  fact: UsageFact,
  reference: string,
): D1PreparedStatement {
  return db.prepare(readCorrected).bind(receiptIdOf(fact.source, sourceReference(fact)), reference);
}

/**
 * The receipt of this very fact, posted when the markup was another one: a lost answer, then a deployment with a new
 * price. The first charge stands.
 */
export async function sameFact(deps: BillingDeps, fact: UsageFact): Promise<ReceiptRow | null> {
  const statement = deps.db
    .prepare("SELECT id, charged_credits FROM charge_receipts WHERE id = ?1 AND content_hash = ?2")
    .bind(receiptIdOf(fact.source, sourceReference(fact)), contentHash(fact));
  return readOne<ReceiptRow>(deps, statement);
}

async function readOne<Row>(
  { db, retry }: BillingDeps,
  statement: D1PreparedStatement,
): Promise<Row | null> {
  const { results } = await repeatBatch<Row>(db, [statement], retry);
  return results[0]?.results[0] ?? null;
}

export interface PostedReceipt {
  settlement: string;
  priceVersion: string;
}

/** What a fact's receipt said when it was made; null when there is none. Neither ever changes. */
export async function postedReceipt(
  deps: BillingDeps,
  fact: UsageFact,
): Promise<PostedReceipt | null> {
  const statement = deps.db
    .prepare("SELECT settlement, price_version AS priceVersion FROM charge_receipts WHERE id = ?1")
    .bind(receiptIdOf(fact.source, sourceReference(fact)));
  return readOne<PostedReceipt>(deps, statement);
}
