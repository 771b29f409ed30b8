import { unreachable } from "../base/assert.ts";
import type { Firing } from "./fire-slot.ts";
import type { ScheduleChange } from "./move-on.ts";

/** What one tick did, in schedules. */
export interface TickReport {
  due: number;
  /** Runs that this tick made. */
  started: number;
  /** Slots whose run was there already. */
  repeated: number;
  /** Recorded as skipped: no credit, or an earlier run was still active. */
  skipped: number;
  passedOver: number;
  /** Left due for the next tick. */
  deferred: number;
  /** Of all these, schedules that were paused. */
  paused: number;
}

export function emptyReport(): TickReport {
  return { due: 0, started: 0, repeated: 0, skipped: 0, passedOver: 0, deferred: 0, paused: 0 };
}

export function addToReport(
  report: TickReport,
  firing: Firing,
  change: ScheduleChange | null,
): void {
  report.due += 1;
  if (change !== null && change.pausedReason !== null) report.paused += 1;
  switch (firing.kind) {
    case "started":
      report[firing.created ? "started" : "repeated"] += 1;
      return;
    case "already_run":
      report.repeated += 1;
      return;
    case "skipped":
      report.skipped += 1;
      return;
    case "passed_over":
      report.passedOver += 1;
      return;
    case "deferred":
      report.deferred += 1;
      return;
    case "broken":
      return;
    default:
      unreachable(firing);
  }
}
