import type { OpenRun } from "../open-run.ts";
import type { RunRow } from "../run-state.ts";

/** D1 has let the run in: from here on it is driven, under its first epoch. */
export function beginRun(
  run: OpenRun,
  admitted: Pick<RunRow, "history" | "leaseCredits" | "rev">,
): OpenRun {
  const { state, events, deps } = run;
  const { start, attempt, epoch } = state.present;
  const { runId, graphId } = start.context;
  run.atomically(() => {
    const now = deps.clock.now();
    state.update({
      ...admitted,
      phase: "driving",
      status: "running",
      startedAt: now,
      drivingSince: now,
      epoch: epoch + 1,
    });
    events.append({ type: "run_started", runId, attempt, graphId, model: start.model });
  });
  deps.crashPoint("run.begun");
  return run;
}
