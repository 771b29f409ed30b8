import type { RunContext } from "../ports/run-context.ts";
import type { SpendLog, SpendPage, SpendRow } from "../ports/spend-log.ts";
import type { RunReceipt } from "./run-receipts.ts";

/** A run as far as the log is asked for it. */
export interface SpendingRun {
  /** Of the newest attempt; the log is read for all of them. */
  context: RunContext;
  /** Milliseconds. */
  startedAt: number;
  endedAt: number;
}

/** A call may begin before its run says so by another machine's clock, and may be logged long after. */
const windowMarginMs = 60 * 60_000;

/** Earlier attempts had looks of their own, unless their retry came soon. */
const newestAttempts = 3;
const attemptsMax = 50;

/** The newest attempts, and those of which the log still has something to tell: a run may be retried without end. */
function attemptsOf({ context }: SpendingRun, receipts: readonly RunReceipt[]): number[] {
  const open = receipts
    .filter(({ settlement }) => settlement !== "final")
    .map(({ attempt }) => attempt);
  const newest = Array.from({ length: newestAttempts }, (_, back) => context.attempt - back);
  const attempts = new Set([...newest.filter((attempt) => attempt >= 0), ...open]);
  return [...attempts].toSorted((a, b) => b - a).slice(0, attemptsMax);
}

/**
 * The log's rows of one run, over a window wider than it, all pages of them; none where any page cannot be read. Where
 * single rows cannot be read, `unreadable` is above 0. `receipts` are those that the run has already.
 */
export async function readSpend(
  spendLog: SpendLog,
  { run, receipts, now }: { run: SpendingRun; receipts: readonly RunReceipt[]; now: number },
  signal: AbortSignal | undefined,
): Promise<
  | { kind: "rows"; rows: SpendRow[]; unreadable: number }
  | Extract<SpendPage, { kind: "unavailable" }>
> {
  const rows = new Map<string, SpendRow>();
  let unreadable = 0;
  const from = run.startedAt - windowMarginMs;
  const to = Math.max(now, run.endedAt) + windowMarginMs;
  for (const attempt of attemptsOf(run, receipts)) {
    const query = { endUser: `${run.context.runId}/${attempt}`, from, to };
    for (let page: number | null = 1; page !== null;) {
      const read: SpendPage = await spendLog.readPage(query, page, signal);
      if (read.kind === "unavailable") return read;
      for (const row of read.rows) rows.set(row.requestId, row);
      unreadable += read.unreadable;
      page = read.next;
    }
  }
  return { kind: "rows", rows: [...rows.values()], unreadable };
}
