import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { assert } from "../base/assert.ts";
import { ApiError } from "../base/errors.ts";
import { deriveId, newId } from "../base/ids.ts";
import { getRunRow, listRuns } from "../billing/statement.ts";
import type { StartRun } from "../ports/run.ts";
import { getRun } from "../run/get-run.ts";
import { planScheduledRun } from "../schedules/plan-slot.ts";
import type { Schedule } from "../schedules/schedule.ts";
import type { AppEnv } from "./app-env.ts";
import { requireScope } from "./doors.ts";
import { ownSchedule, scheduleParams } from "./own-schedule.ts";
import { presentRuns } from "./present-run.ts";
import { runBody, runBodyOf } from "./run-body.ts";
import { json, page, paging, refusals, signedIn } from "./schemas.ts";
import { runRefusal } from "./run-refusal.ts";

const runNow = createRoute({
  method: "post",
  path: "/api/v1/schedules/{scheduleId}/run",
  summary: "Start a run of the schedule now, besides its slots",
  security: signedIn,
  middleware: [requireScope("schedules:write")] as const,
  request: {
    params: scheduleParams,
    headers: z.object({ "idempotency-key": z.string().min(1).max(255).optional() }),
  },
  responses: {
    200: json(runBody, "The key was used before: the run that it made"),
    201: json(runBody, "The run"),
    ...refusals,
  },
});

const list = createRoute({
  method: "get",
  path: "/api/v1/schedules/{scheduleId}/runs",
  summary: "The schedule's runs, newest first, with the slots that were skipped",
  security: signedIn,
  middleware: [requireScope("runs:read")] as const,
  request: { params: scheduleParams, query: paging },
  responses: { 200: json(page(runBody), "A page of runs"), ...refusals },
});

export const scheduleRunRoutes = new OpenAPIHono<AppEnv>()
  .openapi(runNow, async (c) => {
    const schedule = await ownSchedule(c, c.req.valid("param"));
    const start = planned(c, schedule, c.req.valid("header")["idempotency-key"]);
    const { runId, billingAccountId } = start.context;
    const outcome = await getRun(c.env, runId).start(start);
    if (!outcome.ok) throw runRefusal(outcome);
    const row = await getRunRow(c.env.DB, billingAccountId, runId);
    assert(row !== null, "a started run has its row");
    return c.json(runBodyOf(row, outcome.run), outcome.created ? 201 : 200);
  })
  .openapi(list, async (c) => {
    const { scheduleId, accountId } = await ownSchedule(c, c.req.valid("param"));
    const query = { accountId, scheduleId, ...c.req.valid("query") };
    const { items, nextCursor } = await listRuns(c.env.DB, query);
    const bodies = await presentRuns(c, items);
    return c.json({ items: bodies, nextCursor }, 200);
  });

/** A run by hand has no slot, so it never takes the place of one; it counts on the key of whoever asks for it. */
function planned(c: Context<AppEnv>, schedule: Schedule, idempotencyKey?: string): StartRun {
  const { accountId, scheduleId } = schedule;
  const { virtualKeyId } = c.get("principal");
  const runId =
    idempotencyKey === undefined
      ? newId("run")
      : deriveId("run", ["run_now", accountId, scheduleId, idempotencyKey]);
  const ids = { runId, requestId: c.get("requestId"), scheduledFor: null };
  const plan = planScheduledRun({ ...schedule, virtualKeyId }, ids, c.get("deps").catalogs);
  if (plan.ok) return plan.start;
  const { path, message } = plan;
  // The schedule was sound when it was made; what it names has been taken out of the catalogs since.
  throw new ApiError("conflict", `This schedule cannot run any more. ${message}`, {
    issues: [{ path, message }],
  });
}
