import { isActive } from "../db/active-runs.ts";
import type { RunStatus } from "../ports/run.ts";
import type { FoundSlots } from "./find-slots.ts";
import type { Schedule } from "./schedule.ts";

/**
 * How late a slot may be and still count as on time for catch-up `none`: ticks come once a minute and may be late, and
 * one that could not tell whether the run started is repeated by the next.
 */
export const slotGraceMs = 120_000;

/** This many slots refused for want of credit, one after the other, pause a schedule. */
export const refusalsMax = 3;

/** What is known of a schedule's earlier runs at the moment of a decision. */
export interface PreviousRuns {
  /** Status of the run of the oldest due slot, which an interrupted tick may have started. */
  first: RunStatus | null;
  /** Status of the run of the newest due slot. */
  newest: RunStatus | null;
  /** Runs of the schedule that have not ended; `scheduledFor` is null for those started by hand. */
  active: readonly { runId: string; scheduledFor: number | null }[];
}

export const noRuns: PreviousRuns = { first: null, newest: null, active: [] };

export type SlotAction =
  /** Start the run of the slot, after cancelling others. */
  | { kind: "fire"; cancelRunIds: readonly string[] }
  /** Leave a `skipped` run behind and go on. */
  | { kind: "skip"; errorCode: "conflict"; message: string }
  /** The slot has had its run: only the schedule must move on. */
  | { kind: "already_run" }
  /** Too late for a schedule that does not catch up. */
  | { kind: "pass_over" }
  /** It cannot fire any more until its owner changes something. */
  | { kind: "pause"; reason: string };

export interface Decision {
  slot: number;
  /** Slots that get no run, because of this decision. */
  missed: number;
  action: SlotAction;
}

/** The whole policy of one schedule at one tick: which slot, and what becomes of it. */
export function decide(
  schedule: Pick<Schedule, "overlap" | "catchUp">,
  due: Omit<FoundSlots, "next">,
  previous: PreviousRuns,
  now: number,
): Decision {
  const slot = due.newest;
  if (due.problem !== null) {
    return { slot, missed: 0, action: { kind: "pause", reason: due.problem } };
  }
  const hasFirstRun = due.first !== slot && previous.first !== null;
  const missed = hasFirstRun ? Math.max(0, due.missed - 1) : due.missed;
  if (previous.newest !== null && !isActive(previous.newest)) {
    return { slot, missed, action: { kind: "already_run" } };
  }
  // An active run of this very slot is started again: that is harmless, and wakes one whose start was cut off.
  if (previous.newest !== null) return { slot, missed, action: { kind: "fire", cancelRunIds: [] } };
  if (schedule.catchUp === "none" && now - slot > slotGraceMs) {
    return { slot, missed: missed + 1, action: { kind: "pass_over" } };
  }
  return { slot, missed, action: overlapAction(schedule, slot, previous) };
}

function overlapAction(
  schedule: Pick<Schedule, "overlap">,
  slot: number,
  previous: PreviousRuns,
): SlotAction {
  // A tick that was held up must not touch the run of a slot later than its own.
  const earlier = previous.active.filter(
    ({ scheduledFor }) => scheduledFor === null || scheduledFor < slot,
  );
  if (earlier.length === 0) return { kind: "fire", cancelRunIds: [] };
  switch (schedule.overlap) {
    case "allow":
      return { kind: "fire", cancelRunIds: [] };
    case "cancel_previous":
      return { kind: "fire", cancelRunIds: earlier.map(({ runId }) => runId) };
    case "skip":
      return {
        kind: "skip",
        errorCode: "conflict",
        message: "An earlier run of this schedule had not ended.",
      };
  }
}
