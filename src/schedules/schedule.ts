import type { JsonObject } from "../ports/json.ts";
import type { RunLimits } from "../ports/run-context.ts";

/** What happens at a slot while an earlier run of the schedule is still active. */
export const overlapPolicies = ["skip", "allow", "cancel_previous"] as const;
export type OverlapPolicy = (typeof overlapPolicies)[number];

/** `one`: the newest of the missed slots is run late. `none`: missed slots are passed over. */
export const catchUpPolicies = ["one", "none"] as const;
export type CatchUpPolicy = (typeof catchUpPolicies)[number];

/** What its owner decides. */
export interface ScheduleTerms {
  name: string;
  graphId: string;
  message: string;
  cron: string;
  timezone: string;
  /** null: the default model at the time of each run. */
  model: string | null;
  configurable: JsonObject;
  toolIds: string[] | null;
  limits: Partial<RunLimits>;
  overlap: OverlapPolicy;
  catchUp: CatchUpPolicy;
  enabled: boolean;
}

/** A stored schedule. Times are milliseconds since the epoch. */
export interface Schedule extends ScheduleTerms {
  scheduleId: string;
  accountId: string;
  /** Its runs are attributed to this key. */
  virtualKeyId: string;
  /** The next slot; null while it is not enabled. */
  nextRunAt: number | null;
  /** Why it was paused without its owner asking. */
  pausedReason: string | null;
  missedSlots: number;
  createdAt: number;
  /** The last change by its owner; ticks leave it alone. */
  updatedAt: number;
}
