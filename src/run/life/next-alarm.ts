import { nextReconcileAt } from "../../billing/next-reconcile.ts";
import type { RunRow } from "../run-state.ts";

/** A driver that died is found after at most this long. */
export const heartbeatMs = 30_000;
/** Longer than an admission with its repeats takes; the second look waits for one that is still under way. */
export const admissionRecheckMs = 60_000;
const finishRetryMsMin = 1_000;
const finishRetryMsMax = 300_000;

type AlarmRow = Pick<
  RunRow,
  | "phase"
  | "status"
  | "isCancelRequested"
  | "finishTries"
  | "createdAt"
  | "finishedAt"
  | "purgedAtSeq"
  | "reconcileFrom"
  | "looks"
>;

/**
 * When the run must be looked at again, or null when it needs no one. Times in ms since the epoch. A run that waits for a
 * person waits for as long as it takes; one that is over is looked at to be held against the gateway's log, and to be
 * purged.
 */
export function nextAlarm(row: AlarmRow, now: number, retentionMs: number): number | null {
  switch (row.phase) {
    case "admitting":
      return Math.max(now, row.createdAt) + admissionRecheckMs;
    case "driving":
      return now + heartbeatMs;
    case "reopening":
    case "finishing":
      return now + Math.min(finishRetryMsMin * 2 ** row.finishTries, finishRetryMsMax);
    case "settled":
      return settledAlarm(row, now, retentionMs);
  }
}

function settledAlarm(row: AlarmRow, now: number, retentionMs: number): number | null {
  if (isToBeEnded(row)) return now;
  const times = [lookAt(row), purgeAt(row, retentionMs)].filter((at) => at !== null);
  return times.length === 0 ? null : Math.max(now, Math.min(...times));
}

function lookAt({ reconcileFrom, looks }: AlarmRow): number | null {
  return reconcileFrom === null ? null : nextReconcileAt(looks, reconcileFrom);
}

function purgeAt({ finishedAt, purgedAtSeq, status }: AlarmRow, retentionMs: number) {
  const isKept = finishedAt === null || purgedAtSeq !== null || status === "interrupted";
  return isKept ? null : finishedAt + retentionMs;
}

/** What is to be done with a run of which D1 knows everything. */
export type SettledDue = "end" | "look" | "purge" | null;

export function settledDue(row: AlarmRow, now: number, retentionMs: number): SettledDue {
  if (isToBeEnded(row)) return "end";
  const isReached = (at: number | null) => at !== null && now >= at;
  if (isReached(lookAt(row))) return "look";
  return isReached(purgeAt(row, retentionMs)) ? "purge" : null;
}

/** Stopped while it waited, by somebody who did not live to see it through. */
function isToBeEnded({ status, isCancelRequested }: AlarmRow): boolean {
  return status === "interrupted" && isCancelRequested;
}

/** Whether something is due that nobody is doing. An admission waits for its own second look. */
export function liesIdle(
  phase: RunRow["phase"],
  doing: {
    isDriven: boolean;
    isSettling: boolean;
    isInTurn: boolean;
    isLooking: boolean;
    isDue: boolean;
  },
): boolean {
  switch (phase) {
    case "admitting":
      return false;
    case "driving":
      return !doing.isDriven;
    case "finishing":
      return !doing.isDriven && !doing.isSettling;
    case "reopening":
      return !doing.isInTurn;
    case "settled":
      return doing.isDue && !doing.isLooking;
  }
}
