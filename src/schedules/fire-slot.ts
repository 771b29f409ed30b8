import { unreachable } from "../base/assert.ts";
import { toIso } from "../base/clock.ts";
import { newId } from "../base/ids.ts";
import { describeBug, type Log } from "../base/log.ts";
import { skipSlot } from "../billing/admission.ts";
import type { StartOutcome, StartRun } from "../ports/run.ts";
import type { RunCatalogs } from "../run/get-run.ts";
import type { Decision, SlotAction } from "./decide.ts";
import { planScheduledRun, slotRunId } from "./plan-slot.ts";
import type { ScheduledStart } from "./plan-slot.ts";
import type { RunPort } from "./run-port.ts";
import type { Schedule } from "./schedule.ts";

export interface FireDeps {
  db: D1Database;
  runs: RunPort;
  catalogs: RunCatalogs;
  log: Log;
  now: number;
}

/** What became of a slot. Only `deferred` leaves it due, so that the next tick takes it up again. */
export type Firing =
  | { kind: "started"; created: boolean }
  | { kind: "skipped"; errorCode: string; message: string }
  | { kind: "already_run" }
  | { kind: "passed_over" }
  | { kind: "deferred"; errorCode: string }
  | { kind: "broken"; reason: string };

/** Carries out a decision. Never throws: one schedule that fails must not keep the others from firing. */
export async function fireSlot(
  deps: FireDeps,
  schedule: Schedule,
  decision: Decision,
): Promise<Firing> {
  const { scheduleId, accountId } = schedule;
  const slot = toIso(decision.slot);
  const requestId = newId("request");
  const runId = slotRunId(scheduleId, decision.slot);
  let firing: Firing;
  try {
    const ids = { runId, requestId, scheduledFor: decision.slot };
    firing = await act(deps, schedule, ids, decision.action);
  } catch (error) {
    // Nothing definite is known, and repeating the slot is harmless.
    const fields = { scheduleId, slot, runId, requestId, ...describeBug(error) };
    deps.log.log("error", "schedule.slot_failed", fields);
    return { kind: "deferred", errorCode: "internal" };
  }
  deps.log.log(firing.kind === "broken" ? "error" : "info", `schedule.${firing.kind}`, {
    scheduleId,
    accountId,
    slot,
    runId,
    requestId,
    missed: decision.missed,
    errorCode: "errorCode" in firing ? firing.errorCode : undefined,
  });
  return firing;
}

async function act(
  deps: FireDeps,
  schedule: Schedule,
  ids: ScheduledStart,
  action: SlotAction,
): Promise<Firing> {
  if (action.kind === "already_run") return { kind: "already_run" };
  if (action.kind === "pass_over") return { kind: "passed_over" };
  if (action.kind === "pause") return { kind: "broken", reason: action.reason };
  const plan = planScheduledRun(schedule, ids, deps.catalogs);
  if (!plan.ok) return { kind: "broken", reason: `${plan.path}: ${plan.message}` };
  if (action.kind === "skip") return skip(deps, plan.start, action.errorCode, action.message);
  const { accountId } = schedule;
  await Promise.all(action.cancelRunIds.map((runId) => deps.runs.cancel(accountId, runId)));
  return afterStart(deps, plan.start, await deps.runs.start(plan.start));
}

async function afterStart(deps: FireDeps, start: StartRun, outcome: StartOutcome): Promise<Firing> {
  if (outcome.ok) return { kind: "started", created: outcome.created };
  switch (outcome.code) {
    case "insufficient_credits":
      // A limit that begins anew tomorrow is no reason to pause a schedule.
      return skip(
        deps,
        start,
        outcome.isTemporary === true ? "rate_limit" : outcome.code,
        outcome.message,
      );
    case "not_found":
    case "conflict":
      return skip(deps, start, outcome.code, outcome.message);
    case "idempotency_conflict":
      // The slot has its run, made from what the schedule said before it was edited.
      return { kind: "already_run" };
    case "rate_limit":
    case "provider_unavailable":
      return { kind: "deferred", errorCode: outcome.code };
    default:
      return unreachable(outcome.code);
  }
}

/** Recorded under the slot's own run id: a later start of the same slot finds it and stops. */
async function skip(
  { db, now }: FireDeps,
  start: StartRun,
  errorCode: string,
  message: string,
): Promise<Firing> {
  await skipSlot(db, { start, errorCode, errorMessage: message, now });
  return { kind: "skipped", errorCode, message };
}
