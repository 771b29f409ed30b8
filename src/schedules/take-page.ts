import { decide, noRuns } from "./decide.ts";
import { findSlots } from "./find-slots.ts";
import type { DueSchedule } from "./find-slots.ts";
import { fireSlot } from "./fire-slot.ts";
import type { FireDeps, Firing } from "./fire-slot.ts";
import { mapBounded } from "./map-bounded.ts";
import { moveOn } from "./move-on.ts";
import type { ScheduleChange } from "./move-on.ts";
import { slotRunId } from "./plan-slot.ts";
import { readPrevious, readRefusals } from "./tick-rows.ts";

/** Starts under way at once. Each is a D1 round trip in its RunObject, and D1 takes them one after the other. */
const startsAtOnce = 20;

export interface Taken {
  firing: Firing;
  /** null: the slot stays due. */
  change: ScheduleChange | null;
}

/** Fires the due slot of each schedule; two D1 round trips, besides those of runs and of recording what was skipped. */
export async function takePage(deps: FireDeps, page: readonly DueSchedule[]): Promise<Taken[]> {
  const due = page.map((schedule) => ({ schedule, slots: findSlots(schedule, deps.now) }));
  const previous = await readPrevious(
    deps.db,
    due.map(({ schedule: { scheduleId }, slots }) => ({
      scheduleId,
      firstRunId: slotRunId(scheduleId, slots.first),
      newestRunId: slotRunId(scheduleId, slots.newest),
    })),
  );
  const fired = await mapBounded(due, startsAtOnce, async ({ schedule, slots }, index) => {
    const decision = decide(schedule, slots, previous[index] ?? noRuns, deps.now);
    const firing = await fireSlot(deps, schedule, decision);
    return { schedule, decision, firing, next: slots.next };
  });
  const refused = fired.filter(({ firing }) => firing.kind === "skipped");
  const refusals = await readRefusals(
    deps.db,
    refused.map(({ schedule }) => schedule),
  );
  return fired.map(({ schedule, decision, firing, next }) => {
    const refusedInARow = refusals.get(schedule.scheduleId) ?? 0;
    return { firing, change: moveOn(schedule, decision, firing, refusedInARow, next) };
  });
}
