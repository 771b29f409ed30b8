import { find, type Finding } from "./audit-report.ts";

/** A run looks at the gateway's log for an hour after its end by itself; from two hours on the cron has it look again. */
const unknownMsMax = 2 * 3_600_000;
const waitingMsMax = 30 * 86_400_000;

const newestOf = (receipt: string) =>
  `(SELECT max(p.id) FROM receipt_corrections p WHERE p.receipt_id = ${receipt}.id)`;
/** As the indexes say it, so that SQLite knows them again. */
const costsNothing = (row: string) =>
  `${row}.cost_usd NOT GLOB '*[1-9]*' AND ${row}.input_tokens + ${row}.output_tokens > 0`;

const unknown = `
SELECT r.id FROM charge_receipts r INDEXED BY charge_receipts_unknown
JOIN graph_runs g ON g.id = r.run_id AND (g.finished_at < ?1 OR (g.status = 'interrupted' AND r.created_at < ?2))
LEFT JOIN receipt_corrections c ON c.id = ${newestOf("r")}
WHERE r.settlement = 'unknown' AND r.created_at < ?1 AND coalesce(c.settlement, 'unknown') = 'unknown'`;

/**
 * Receipts of which nobody has found out in two hours after their run's end what they cost, or in a month of waiting for a
 * person. Reads what was ever unknown, which is rare.
 */
export async function findUnknown(db: D1Database, now: number): Promise<Finding> {
  return find(db, unknown, now - unknownMsMax, now - waitingMsMax);
}

const zeroCost = `
SELECT r.id FROM json_each(?1) m CROSS JOIN charge_receipts r INDEXED BY charge_receipts_zero_cost
  ON r.model = m.value AND ${costsNothing("r")}
LEFT JOIN receipt_corrections c ON c.id = ${newestOf("r")}
WHERE c.id IS NULL OR (${costsNothing("c")})
UNION
SELECT r.id FROM receipt_corrections c INDEXED BY receipt_corrections_zero_cost
CROSS JOIN charge_receipts r ON r.id = c.receipt_id
WHERE ${costsNothing("c")} AND c.id = ${newestOf("r")} AND r.model IN (SELECT value FROM json_each(?1))`;

/**
 * Receipts with tokens and no cost, as they stand after their corrections. Which models are free only the catalog knows;
 * receipts of a model that is no longer in it are let be. Reads the zero-cost receipts of the models given.
 */
export async function findZeroCost(
  db: D1Database,
  paidModels: readonly string[],
): Promise<Finding> {
  return find(db, zeroCost, JSON.stringify(paidModels));
}

const unnamed = `
SELECT r.id FROM charge_receipts r INDEXED BY charge_receipts_unnamed
WHERE r.usage_unit_id GLOB 'MISSING:*' OR r.usage_unit_id GLOB '*#[0-9]*'
  OR (r.usage_unit_id GLOB 'dispatch:*' AND r.settlement = 'final')`;

/**
 * Receipts under an id that we made up because the gateway gave none (`MISSING:<run>/<n>`) or one that another dispatch
 * has (`<id>#<n>`). Our dispatch id (`dispatch:<call>-<n>`) is the right name of a dispatch of which no answer came, and
 * wrong only on a receipt that says what the answer used. Receipts do not change, so these stay in the report.
 */
export async function findUnnamed(db: D1Database): Promise<Finding> {
  return find(db, unnamed);
}
