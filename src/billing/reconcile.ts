import { isZeroUsd, parseUsd } from "../base/money.ts";
import { dispatchPrefix } from "../base/usage-unit-id.ts";
import type { SpendLog, SpendPage, SpendRow } from "../ports/spend-log.ts";
import type { ExecutorType, UsageFact } from "../ports/usage-fact.ts";
import { commitUsageFacts } from "./billing.ts";
import {
  askedBy,
  type MatchedReceipt,
  matchSpend,
  paidFor,
  type RunDispatch,
} from "./match-spend.ts";
import { absenceProvenMs, givenUpMs, logLagMs } from "./next-reconcile.ts";
import type { BillingDeps } from "./posting.ts";
import { correctedFact, foundFact, type PricedModel, voidedFact } from "./reconciled-fact.ts";
import { readSpend, type SpendingRun } from "./read-spend.ts";
import { readRunReceipts, type RunReceipt } from "./run-receipts.ts";
import { type SettledReceipt, settledReceipts } from "./settled-receipts.ts";

export interface ReconcileDeps extends BillingDeps {
  spendLog: SpendLog;
  /** What the catalog knows of a model; null for one that it does not have. */
  describeModel(modelId: string): PricedModel | null;
}

export interface ReconcileRun extends SpendingRun {
  executorType: ExecutorType;
  /** The call journal, in order of dispatch; empty for an engine that keeps none. */
  dispatches: readonly RunDispatch[];
}

/**
 * `filled` was unknown, `corrected` was estimated, `found` had no receipt, `voided` was unknown and made no call that
 * cost anything.
 */
export interface ReconciledCall {
  kind: "filled" | "corrected" | "found" | "voided";
  fact: UsageFact;
  chargedCredits: number;
}

export type ReconcileOutcome =
  /** The log could not be read, and nothing was changed. */
  | { kind: "delayed"; reason: Extract<SpendPage, { kind: "unavailable" }>["reason"] }
  | {
      kind: "read";
      /** What this look changed. */
      calls: ReconciledCall[];
      /** Every receipt that this gateway's calls have now, whoever changed it. */
      receipts: SettledReceipt[];
      /** Usage units that the log does not show yet. */
      waiting: string[];
      /** Usage units that the log does not show, or shows in a way that cannot be told apart; they stay as they are. */
      missing: string[];
      /** Facts that the ledger refused; each was alarmed. */
      refused: UsageFact[];
      /** No further look is needed. */
      isComplete: boolean;
    };

/**
 * Holds a run's receipts against the gateway's log: unknown ones are filled, estimates corrected, calls without a receipt
 * get one, and dispatches that never became a call are voided. Everything goes through the ledger's one writer, so that
 * looking again changes nothing. `signal` ends the reading of the log, which then counts as delayed. Throws only when D1 is
 * unreachable.
 */
export async function reconcileRun(
  deps: ReconcileDeps,
  run: ReconcileRun,
  signal?: AbortSignal,
): Promise<ReconcileOutcome> {
  const now = deps.clock.now();
  const { runId, billingAccountId } = run.context;
  const { source } = deps.spendLog;
  const readReceipts = () => readRunReceipts(deps, { runId, billingAccountId, source });
  const receipts = await readReceipts();
  const read = await readSpend(deps.spendLog, { run, receipts, now }, signal);
  if (read.kind === "unavailable") {
    deps.log.log("warn", "reconcile.delayed", { runId, reason: read.reason });
    return { kind: "delayed", reason: read.reason };
  }
  const match = matchSpend(receipts, run.dispatches, read.rows);
  const since = now - run.endedAt;
  // Of a log that cannot be read to its last row nothing is known to be absent, however late it is.
  const isWhole = read.unreadable === 0;
  const isWritten = isWhole && since >= logLagMs;
  const look = { deps, run, now, isWritten, isLate: isWhole && since >= absenceProvenMs };
  const plan: Plan = { wanted: [], waiting: [], missing: [], paid: paidFor(match) };
  for (const matched of match.receipts) judge(look, matched, plan);
  for (const { row, dispatch } of match.strangers) {
    const isRepeatedDispatch = isPaidFor(plan, dispatch);
    const fact = foundFact(deps, run, { row, now, isRepeatedDispatch });
    if (fact === null) plan.missing.push(row.requestId);
    else want(plan, "found", fact, dispatch);
  }
  const { committed, refused } = await commitUsageFacts(
    deps,
    plan.wanted.map(({ fact }) => fact),
  );
  const charges = new Map(committed.map(({ fact, chargedCredits }) => [fact, chargedCredits]));
  const calls = plan.wanted.flatMap(({ kind, fact }) => {
    const chargedCredits = charges.get(fact);
    return chargedCredits === undefined ? [] : [{ kind, fact, chargedCredits }];
  });
  const { waiting, missing } = plan;
  if (missing.length > 0)
    deps.log.log("error", "reconcile.missing", { runId, units: missing.join(" ") });
  if (calls.length > 0) {
    const changed = { rows: read.rows.length, changed: calls.length };
    deps.log.log("info", "reconcile.corrected", { runId, ...changed });
  }
  const isGivenUp = !isWhole && since >= givenUpMs;
  if (isGivenUp) deps.log.log("error", "reconcile.given_up", { runId, reason: "unreadable" });
  const isComplete = isGivenUp || (waiting.length === 0 && isWritten);
  return {
    kind: "read",
    calls,
    receipts: settledReceipts(match, calls.length === 0 ? receipts : await readReceipts()),
    waiting,
    missing,
    refused: refused.map(({ fact }) => fact),
    isComplete,
  };
}

interface Plan {
  wanted: { kind: ReconciledCall["kind"]; fact: UsageFact }[];
  waiting: string[];
  missing: string[];
  /** What one dispatch pays for already: others of the same asking cost something and are not charged. */
  paid: Set<string>;
}

function isPaidFor({ paid }: Plan, dispatch: RunDispatch | null): boolean {
  const asked = askedBy(dispatch);
  return asked !== null && paid.has(asked);
}

function want(
  plan: Plan,
  kind: ReconciledCall["kind"],
  fact: UsageFact,
  dispatch: RunDispatch | null,
): void {
  plan.wanted.push({ kind, fact });
  const asked = askedBy(dispatch);
  // One dispatch of a call is charged: the first that the log shows, since nobody knows whether it will show another.
  if (asked !== null && !isZeroUsd(fact.costUsd)) plan.paid.add(asked);
}

interface Look {
  deps: ReconcileDeps;
  run: ReconcileRun;
  now: number;
  /** The log has had time to be written, and all of it was read. */
  isWritten: boolean;
  /** The log would show by now what it is ever going to show. */
  isLate: boolean;
}

/** What the log says of one receipt, and what follows. */
function judge(look: Look, matched: MatchedReceipt, plan: Plan): void {
  const { deps, run, now, isWritten, isLate } = look;
  const { receipt, dispatch, rows, emptyRows } = matched;
  const { usageUnitId, settlement } = receipt;
  const [row] = rows;
  if (settlement === "final") return compare(look, receipt, rows);
  if (rows.length > 1) {
    plan.missing.push(usageUnitId);
    return;
  }
  if (row !== undefined) {
    const isUnknown = settlement === "unknown";
    const isRepeatedDispatch = isUnknown && isPaidFor(plan, dispatch);
    const fact = correctedFact(deps, run, receipt, { row, now, isRepeatedDispatch });
    if (fact === null) plan.missing.push(usageUnitId);
    else want(plan, isUnknown ? "filled" : "corrected", fact, dispatch);
    return;
  }
  const isUnsent = isLate && usageUnitId.startsWith(dispatchPrefix);
  // A row of nothing used may be followed by what the call did use, and sooner where the call failed.
  const isEmpty = emptyRows.some(({ isFailure }) => (isFailure ? isWritten : isLate));
  if (settlement === "unknown" && (isEmpty || isUnsent)) {
    want(plan, "voided", voidedFact(deps, run, receipt, now), dispatch);
  } else (isLate ? plan.missing : plan.waiting).push(usageUnitId);
}

/** A final receipt stands; that the log says something else is worth somebody's look. */
function compare({ deps, run }: Look, receipt: RunReceipt, rows: readonly SpendRow[]): void {
  const logged = rows.map(({ costUsd }) => costUsd).filter((costUsd) => costUsd !== null);
  if (logged.length === 0 || logged.some((costUsd) => costUsd === parseUsd(receipt.costUsd)))
    return;
  const { runId } = run.context;
  const { usageUnitId, costUsd } = receipt;
  deps.log.log("warn", "reconcile.cost_differs", {
    runId,
    usageUnitId,
    costUsd,
    logged: logged[0],
  });
}
