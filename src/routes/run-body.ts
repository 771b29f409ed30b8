import { z } from "@hono/zod-openapi";
import { toIso } from "../base/clock.ts";
import type { RunRow } from "../billing/statement.ts";
import { isActive } from "../db/active-runs.ts";
import type { Books, LiveRun } from "../ports/run.ts";
import { credits, isoTime, runStatuses, triggers } from "./schemas.ts";

const count = z.int().min(0);

export const runBody = z
  .object({
    runId: z.string(),
    accountId: z.string(),
    threadId: z.string().nullable(),
    graphId: z.string(),
    trigger: z.enum(triggers),
    scheduleId: z.string().nullable(),
    scheduledFor: isoTime.nullable(),
    model: z.string(),
    attempt: count,
    status: z.enum(runStatuses),
    errorCode: z.string().nullable(),
    errorMessage: z.string().nullable(),
    createdAt: isoTime,
    startedAt: isoTime.nullable(),
    finishedAt: isoTime.nullable(),
    output: z.string().nullable(),
    usage: z.object({ calls: count, inputTokens: count, outputTokens: count }),
    chargedCredits: credits,
    heldCredits: credits,
    books: z
      .object({
        dispatches: count,
        settled: count,
        unknown: count,
        voided: count,
        open: count,
        closed: z.boolean(),
      })
      .openapi("Books"),
    billing: z.enum(["open", "settled", "reconciling"]),
    interrupts: z.array(z.object({ interruptId: z.string(), value: z.unknown() })).optional(),
  })
  .openapi("Run");

export type RunBody = z.input<typeof runBody>;

/**
 * One run from its two sources: the row in D1 says whose it is and how it ended, with its books; until it has ended, and
 * once a later attempt has begun, its RunObject knows more. A skipped slot has no RunObject and made no call.
 */
export function runBodyOf(row: RunRow, live: LiveRun | null): RunBody {
  const iso = (ms: number | null) => (ms === null ? null : toIso(ms));
  const recorded = {
    threadId: row.threadId,
    attempt: row.attempt,
    status: row.status,
    errorCode: row.errorCode,
    errorMessage: row.errorMessage,
    startedAt: iso(row.startedAt),
    finishedAt: iso(row.finishedAt),
    output: row.output,
    usage: { calls: row.callCount, inputTokens: row.inputTokens, outputTokens: row.outputTokens },
    chargedCredits: row.chargedCredits,
    heldCredits: row.heldCredits,
  };
  return {
    runId: row.id,
    accountId: row.billingAccountId,
    graphId: row.graphId,
    trigger: row.trigger,
    scheduleId: row.scheduleId,
    scheduledFor: iso(row.scheduledFor),
    model: row.model,
    createdAt: toIso(row.createdAt),
    ...recorded,
    ...(live !== null && isAhead(live, row) ? progressOf(live) : {}),
    books: live?.books ?? row.books ?? booksWithoutCalls(isOver(row)),
    billing: billingOf(row, live),
  };
}

/** D1 may know of looks to come that the object does not plan by itself. */
function billingOf(row: RunRow, live: LiveRun | null): RunBody["billing"] {
  const isReconciling = isOver(row) && row.reconciling;
  if (isReconciling && (live === null || live.billing === "settled")) return "reconciling";
  return live?.billing ?? (isOver(row) ? "settled" : "open");
}

/** Not of a run that is over: what D1 says of it may have been corrected since. */
function isAhead(live: LiveRun, row: RunRow): boolean {
  return !isOver(row) || live.attempt > row.attempt;
}

function progressOf(live: LiveRun) {
  return {
    attempt: live.attempt,
    status: live.status,
    errorCode: live.errorCode,
    errorMessage: live.errorMessage,
    startedAt: live.startedAt,
    finishedAt: live.finishedAt,
    output: live.output,
    usage: live.usage,
    chargedCredits: live.chargedCredits,
    heldCredits: live.heldCredits,
    ...(live.status === "interrupted" && { interrupts: live.interrupts }),
  };
}

/** Whether D1 holds the run's end. An interrupted run goes on. */
export function isOver(row: Pick<RunRow, "status">): boolean {
  return !isActive(row.status);
}

function booksWithoutCalls(closed: boolean): Books {
  return { dispatches: 0, settled: 0, unknown: 0, voided: 0, open: 0, closed };
}
