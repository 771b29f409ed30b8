import type { Books } from "../ports/run.ts";
import { repeatBatch, type BatchRetry } from "./repeat-batch.ts";

export interface RecordBooks {
  runId: string;
  /** The number of the run row's last write: where a later one got there first, this changes nothing. */
  rev: number;
  books: Books;
  /** Whether the gateway's log may still change them. */
  reconciling: boolean;
}

const record = `
UPDATE graph_runs SET books = ?3, reconciling = ?4
WHERE id = ?1 AND rev = ?2 AND lease_open = 0 AND (books, reconciling) IS NOT (?3, ?4)`;

/** Keeps in the run's row what a look at the gateway's log made of its books; money moves by corrections alone. */
export async function recordBooks(
  db: D1Database,
  { runId, rev, books, reconciling }: RecordBooks,
  retry?: BatchRetry,
): Promise<void> {
  const statement = db.prepare(record).bind(runId, rev, JSON.stringify(books), reconciling ? 1 : 0);
  await repeatBatch(db, [statement], retry);
}
