import { toIso } from "../base/clock.ts";
import { deriveId } from "../base/ids.ts";
import { planRun } from "../run/get-run.ts";
import type { RunCatalogs, RunPlan } from "../run/get-run.ts";
import type { Schedule } from "./schedule.ts";

/** The same slot of the same schedule is the same run, whoever fires it and however often. */
export function slotRunId(scheduleId: string, slot: number): string {
  return deriveId("run", ["slot", scheduleId, toIso(slot)]);
}

export interface ScheduledStart {
  runId: string;
  /** Correlation only; new for every attempt to start. */
  requestId: string;
  /** The slot; null for a run that somebody starts by hand. */
  scheduledFor: number | null;
}

/** Plans a run of a schedule through the same function as a chat's. */
export function planScheduledRun(
  schedule: Schedule,
  { runId, requestId, scheduledFor }: ScheduledStart,
  catalogs: RunCatalogs,
): RunPlan {
  return planRun(
    {
      context: {
        runId,
        attempt: 0,
        requestId,
        graphId: schedule.graphId,
        billingAccountId: schedule.accountId,
        virtualKeyId: schedule.virtualKeyId,
        trigger: "schedule",
      },
      messages: [{ role: "user", content: schedule.message }],
      threadId: null,
      threadTitle: schedule.name,
      model: schedule.model,
      configurable: schedule.configurable,
      toolIds: schedule.toolIds,
      limits: schedule.limits,
      scheduleId: schedule.scheduleId,
      scheduledFor: scheduledFor === null ? null : toIso(scheduledFor),
    },
    catalogs,
  );
}
