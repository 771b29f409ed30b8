import { toIso } from "../../base/clock.ts";
import { unansweredUnitId } from "../../base/usage-unit-id.ts";
import { unknownFact } from "../../completion/unknown-fact.ts";
import { isUnitTaken } from "./call-rows.ts";
import type { OpenRun } from "../open-run.ts";
import type { RunStorage } from "../storage.ts";

/**
 * Closes the calls that a lost driver left open. Nobody saw their end, so each owes a receipt that says so: settlement
 * `unknown`, charge 0. Its unit id is the gateway's where headers had arrived, else our own dispatch id.
 */
export function interruptOpenCalls(run: OpenRun): void {
  const { state, outbox, deps } = run;
  const { context } = state.present.start;
  const open = deps.storage.sql
    .exec<{
      ordinal: number;
      dispatch_id: string;
      attempt: number;
      model: string;
      usage_unit_id: string | null;
    }>(
      `SELECT ordinal, dispatch_id, attempt, model, usage_unit_id FROM calls
       WHERE state IN ('intent', 'dispatched')`,
    )
    .toArray();
  const now = deps.clock.now();
  run.atomically(() => {
    for (const call of open) {
      const unitId = freeUnitId(deps.storage, call) ?? unansweredUnitId(call.dispatch_id);
      const fact = unknownFact(
        { ...context, attempt: call.attempt },
        {
          usageUnitId: unitId,
          model: call.model,
          executorType: "inproc",
          occurredAt: toIso(now),
          ...deps.describeModel(call.model),
        },
      );
      deps.storage.sql.exec(
        `UPDATE calls SET state = 'interrupted', ended_at = ?, settlement = 'unknown', outbox_key = ?, usage_unit_id = ?
         WHERE ordinal = ?`,
        now,
        outbox.put(fact),
        unitId,
        call.ordinal,
      );
    }
  });
}

/** The gateway's id, unless there is none or a gateway that repeats its ids gave it to another call with a receipt. */
function freeUnitId(
  storage: RunStorage,
  { usage_unit_id: id, ordinal }: { usage_unit_id: string | null; ordinal: number },
): string | null {
  return id === null || isUnitTaken(storage, id, ordinal) ? null : id;
}
