import { markupOf } from "../base/money.ts";
import type { UsageFact } from "../ports/usage-fact.ts";
import { finishStatements, type FinishedRun } from "./finish-statements.ts";
import { logFinish } from "./log-finish.ts";
import type { BillingDeps, CommitReport, FinishReport, FinishRun } from "./posting.ts";
import { priceFact } from "./pricing.ts";
import {
  chargesOf,
  committedOf,
  correctedOf,
  postedReceipt,
  receiptIdsOf,
  type ReceiptRow,
  receiptsOf,
  sameFact,
} from "./read-receipts.ts";
import {
  correctChargeReceipt,
  correctionReference,
  recordChargeReceipt,
} from "./record-charge-receipt.ts";
import { recordCredit, type Credit } from "./record-credit.ts";
import { refuseFact, sift } from "./refuse-fact.ts";
import { refusalOf, repeatBatch, type BatchRetry } from "./repeat-batch.ts";

/**
 * The only writer of the ledger. Whatever ran a call, whoever reports it, its charge comes through here; the rules that
 * make it happen once are in the database (`migrations/0002_triggers.sql`).
 */

/**
 * Posts facts in one batch, each exactly once. A fact from the gateway's log corrects the `estimated` or `unknown`
 * receipt of its key. A fact that the ledger refuses (another content under its key, no such run, an impossible number)
 * does not hold up the others: they are then committed one by one.
 * Throws only when D1 stays unreachable; the caller keeps the facts and repeats.
 */
export async function commitUsageFacts(
  deps: BillingDeps,
  facts: readonly UsageFact[],
): Promise<CommitReport> {
  const { postable, refused } = sift(deps, facts);
  const report: CommitReport = { committed: [], refused };
  const isFromLog = (fact: UsageFact) =>
    fact.provenance === "gateway_log" && fact.settlement === "final";
  join(
    report,
    await commitAtOnce(
      deps,
      postable.filter((fact) => !isFromLog(fact)),
    ),
  );
  for (const fact of postable.filter(isFromLog)) join(report, await commitFromLog(deps, fact));
  return report;
}

async function commitAtOnce(deps: BillingDeps, postable: UsageFact[]): Promise<CommitReport> {
  if (postable.length === 0) return { committed: [], refused: [] };
  try {
    const statements = [
      ...postable.map((fact) => receiptOf(deps, fact)),
      receiptsOf(deps.db, postable),
    ];
    const { results } = await repeatBatch<ReceiptRow>(deps.db, statements, deps.retry);
    return {
      committed: committedOf(postable, chargesOf(results.at(-1)?.results ?? [])),
      refused: [],
    };
  } catch (error) {
    if (refusalOf(error) === null) throw error;
    return commitEach(deps, postable);
  }
}

/** A receipt that is not there yet is made, one that is open is corrected, at the markup that it was priced with. */
async function commitFromLog(deps: BillingDeps, fact: UsageFact): Promise<CommitReport> {
  const { db, retry } = deps;
  const known = await postedReceipt(deps, fact);
  if (known === null || known.settlement === "final") return commitEach(deps, [fact]);
  const price = priceFact(fact, markupOf(known.priceVersion) ?? deps.markupBasisPoints);
  const refuse = (reason: string) => ({
    committed: [],
    refused: [refuseFact(deps, fact, reason)],
  });
  try {
    const reading = correctedOf(db, fact, correctionReference(fact));
    const statements = [correctChargeReceipt(db, fact, price), reading];
    const { results } = await repeatBatch<ReceiptRow>(db, statements, retry);
    const rows = results.at(-1)?.results ?? [];
    return rows.length === 0
      ? refuse("receipt_conflict")
      : { committed: committedOf([fact], chargesOf(rows)), refused: [] };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) throw error;
    return refuse(refusal);
  }
}

function join(all: CommitReport, { committed, refused }: CommitReport): void {
  all.committed.push(...committed);
  all.refused.push(...refused);
}

/**
 * The end of a run, or its stop at an interrupt, in one batch: receipts, final row, released hold, the thread's answer.
 * The same batch may be sent again; one that comes late changes nothing but missing receipts.
 */
export async function finishRun(deps: BillingDeps, finish: FinishRun): Promise<FinishReport> {
  const { db, retry } = deps;
  const { postable, refused } = sift(deps, finish.facts);
  const receiptIds = receiptIdsOf(postable);
  const ending = finishStatements(db, finish, receiptIds, deps.clock.now());
  let report: CommitReport;
  let run: FinishedRun | undefined;
  try {
    const receipts = postable.map((fact) => receiptOf(deps, fact));
    const { results } = await repeatBatch<FinishedRun>(db, [...receipts, ...ending], retry);
    run = results.at(-1)?.results[0];
    const charges = JSON.parse(run?.receipts ?? "{}") as Record<string, number>;
    const committed = committedOf(postable, new Map(Object.entries(charges)), receiptIds);
    report = { committed, refused };
  } catch (error) {
    if (refusalOf(error) === null) throw error;
    const each = await commitEach(deps, postable);
    report = { committed: each.committed, refused: [...refused, ...each.refused] };
    const { results } = await repeatBatch<FinishedRun>(db, ending, retry);
    run = results.at(-1)?.results[0];
  }
  const current = run?.rev === finish.rev && run.lease_open === 0 && run.status === finish.status;
  logFinish(deps, finish, run, current);
  return { ...report, current };
}

export type CreditOutcome =
  | { kind: "posted" }
  /** The same credit was posted before; nothing moved. */
  | { kind: "repeated" }
  /** The reference stands for another credit, or more would be given back than was charged. */
  | { kind: "conflict" }
  | { kind: "no_account" }
  | { kind: "no_receipt" };

/** Posts a credit once. `before` goes first in the same batch: the statements that make the account. */
export async function postCredit(
  deps: { db: D1Database; now: number; retry?: BatchRetry },
  credit: Credit,
  before: readonly D1PreparedStatement[] = [],
): Promise<CreditOutcome> {
  const { db, now, retry } = deps;
  const { accountId, credits, reason, reference, receiptId = null } = credit;
  const read = db
    .prepare(
      `SELECT e.reason, e.amount_credits, e.receipt_id
       FROM billing_accounts a LEFT JOIN credit_ledger e
         ON e.billing_account_id = a.id AND e.reason IN ('top_up', 'correction', 'refund') AND e.reference = ?2
       WHERE a.id = ?1`,
    )
    .bind(accountId, reference);
  try {
    const statements = [...before, recordCredit(db, credit, now), read];
    const { results, attempts } = await repeatBatch<unknown>(db, statements, retry);
    const posted = results.at(-2)?.results ?? [];
    const entries = (results.at(-1)?.results ?? []) as CreditRow[];
    if (entries.length === 0) return { kind: "no_account" };
    if (posted.length > 0) return { kind: "posted" };
    if (entries.every((entry) => entry.reason === null)) return { kind: "no_receipt" };
    const isPosted = entries.some(
      (entry) =>
        entry.reason === reason &&
        entry.amount_credits === credits &&
        entry.receipt_id === receiptId,
    );
    if (!isPosted) return { kind: "conflict" };
    return { kind: attempts > 1 ? "posted" : "repeated" };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null || refusal === "constraint") throw error;
    return { kind: "conflict" };
  }
}

/** An entry under the credit's reference; every field is null where there is none. */
interface CreditRow {
  reason: Credit["reason"] | null;
  amount_credits: number | null;
  receipt_id: string | null;
}

function receiptOf({ db, markupBasisPoints }: BillingDeps, fact: UsageFact): D1PreparedStatement {
  return recordChargeReceipt(db, fact, priceFact(fact, markupBasisPoints));
}

async function commitEach(deps: BillingDeps, facts: readonly UsageFact[]): Promise<CommitReport> {
  const report: CommitReport = { committed: [], refused: [] };
  for (const fact of facts) {
    try {
      const statements = [receiptOf(deps, fact), receiptsOf(deps.db, [fact])];
      const { results } = await repeatBatch<ReceiptRow>(deps.db, statements, deps.retry);
      report.committed.push(...committedOf([fact], chargesOf(results.at(-1)?.results ?? [])));
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      const known = refusal === "receipt_conflict" ? await sameFact(deps, fact) : null;
      if (known === null) report.refused.push(refuseFact(deps, fact, refusal));
      else report.committed.push(...committedOf([fact], chargesOf([known])));
    }
  }
  return report;
}
