/** How often and how patiently a batch is repeated; tests inject time and chance. */
export interface BatchRetry {
  /** Including the first. */
  attemptsMax: number;
  sleep(ms: number): Promise<void>;
  /** In [0, 1). */
  random(): number;
}

const firstPauseMs = 40;

/** Five attempts within about a second: longer than D1 needs to move its primary's connection, shorter than patience. */
const defaultRetry: BatchRetry = {
  attemptsMax: 5,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  random: () => Math.random(),
};

export interface BatchOutcome<Row> {
  results: D1Result<Row>[];
  /** Above 1: an earlier attempt ended without an answer, and may have been committed. */
  attempts: number;
}

/**
 * Sends one D1 batch (one transaction, one round trip). D1 never repeats a write by itself and "connection lost" says
 * nothing about the commit, so the caller's batch must be idempotent as a whole: it is sent again, and its last read
 * decides. What the database itself refuses (see `refusalOf`) is definite and thrown at once.
 */
export async function repeatBatch<Row = Record<string, unknown>>(
  db: D1Database,
  statements: D1PreparedStatement[],
  retry: BatchRetry = defaultRetry,
): Promise<BatchOutcome<Row>> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return { results: await db.batch<Row>(statements), attempts };
    } catch (error) {
      if (refusalOf(error) !== null || attempts >= retry.attemptsMax) throw error;
      // Between half and all of a pause that doubles: writers that failed together do not come back together.
      await retry.sleep(firstPauseMs * 2 ** (attempts - 1) * (0.5 + retry.random() / 2));
    }
  }
}

/** What triggers in `migrations/` raise. `constraint` stands for a CHECK, a UNIQUE key or a STRICT column's type. */
const refusals = [
  "receipt_conflict",
  "receipt_without_run",
  "receipts_are_immutable",
  "correction_conflict",
  "correction_without_charge",
  "corrections_are_immutable",
  "ledger_conflict",
  "ledger_unbalanced",
  "ledger_is_append_only",
  "entry_without_cause",
  "balance_moves_by_entries",
  "account_starts_empty",
  "account_identity_is_fixed",
  "accounts_are_kept",
  "key_starts_empty",
  "key_identity_is_fixed",
  "keys_are_kept",
  "run_starts_empty",
  "run_identity_is_fixed",
  "runs_are_kept",
] as const;

export type LedgerRefusal = (typeof refusals)[number] | "constraint";

/** The rule of the database that refused a statement, or null when the error says nothing definite. */
export function refusalOf(error: unknown): LedgerRefusal | null {
  if (!(error instanceof Error)) return null;
  const named = refusals.find((name) => error.message.includes(name));
  if (named !== undefined) return named;
  return error.message.includes("SQLITE_CONSTRAINT") ? "constraint" : null;
}
