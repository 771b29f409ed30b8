import { nextAlarm } from "./next-alarm.ts";
import type { OpenRun } from "../open-run.ts";

/** Has the run looked at again when something will be due. Where there is no run, nothing is. */
export async function armAlarm({ state, deps }: Pick<OpenRun, "state" | "deps">): Promise<void> {
  if (state.row === null) return;
  await deps.setAlarm(nextAlarm(state.row, deps.clock.now(), deps.retentionMs));
}
