import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { ApiError } from "../base/errors.ts";
import { accountStatement } from "../billing/statement.ts";
import { changeSchedule, createSchedule } from "../schedules/change-schedule.ts";
import type { ScheduleProblem } from "../schedules/change-schedule.ts";
import type { Schedule } from "../schedules/schedule.ts";
import {
  countSchedules,
  deleteSchedule,
  insertSchedule,
  listSchedules,
  readSchedule,
  updateSchedule,
} from "../schedules/schedule-rows.ts";
import type { AppEnv } from "./app-env.ts";
import { requireScope } from "./doors.ts";
import { ownSchedule, scheduleParams } from "./own-schedule.ts";
import {
  listedSchedule,
  listedScheduleBody,
  scheduleBody,
  scheduleBodyOf,
  scheduleChange,
  scheduleRequest,
} from "./schedule-body.ts";
import { schedulePreviewRoutes } from "./schedule-preview.ts";
import { scheduleRunRoutes } from "./schedule-runs.ts";
import { json, page, paging, refusals, signedIn } from "./schemas.ts";

/** A tick takes a thousand due schedules in seconds; one account must not be able to keep it busy for minutes. */
const schedulesPerAccountMax = 1_000;

const create = createRoute({
  method: "post",
  path: "/api/v1/schedules",
  summary: "Make a schedule",
  security: signedIn,
  middleware: [requireScope("schedules:write")] as const,
  request: {
    body: { required: true, content: { "application/json": { schema: scheduleRequest } } },
  },
  responses: { 201: json(scheduleBody, "The schedule with its next times"), ...refusals },
});

const list = createRoute({
  method: "get",
  path: "/api/v1/schedules",
  summary: "The account's schedules, newest first",
  security: signedIn,
  middleware: [requireScope("runs:read")] as const,
  request: { query: paging },
  responses: { 200: json(page(listedSchedule), "A page of schedules"), ...refusals },
});

const get = createRoute({
  method: "get",
  path: "/api/v1/schedules/{scheduleId}",
  summary: "One schedule with its next times",
  security: signedIn,
  middleware: [requireScope("runs:read")] as const,
  request: { params: scheduleParams },
  responses: { 200: json(scheduleBody, "The schedule"), ...refusals },
});

const change = createRoute({
  method: "patch",
  path: "/api/v1/schedules/{scheduleId}",
  summary: "Change a schedule; a new time or enabling it counts from now",
  security: signedIn,
  middleware: [requireScope("schedules:write")] as const,
  request: {
    params: scheduleParams,
    body: { required: true, content: { "application/json": { schema: scheduleChange } } },
  },
  responses: { 200: json(scheduleBody, "The schedule as changed"), ...refusals },
});

const remove = createRoute({
  method: "delete",
  path: "/api/v1/schedules/{scheduleId}",
  summary: "Delete a schedule; its runs and receipts stay",
  security: signedIn,
  middleware: [requireScope("schedules:write")] as const,
  request: { params: scheduleParams },
  responses: { 204: { description: "It fires no more" }, ...refusals },
});

const ownScheduleRoutes = new OpenAPIHono<AppEnv>()
  .openapi(create, async (c) => {
    const { catalogs, clock } = c.get("deps");
    const owner = c.get("principal");
    const made = createSchedule(c.req.valid("json"), owner, catalogs, clock.now());
    if (!made.ok) throw refusalOf(made);
    await refuseWithoutRoomOrCredit(c, made.schedule);
    await insertSchedule(c.env.DB, made.schedule);
    return c.json(scheduleBodyOf({ ...made.schedule, lastRunAt: null, lastStatus: null }), 201);
  })
  .openapi(list, async (c) => {
    const { accountId } = c.get("principal");
    const { items, nextCursor } = await listSchedules(c.env.DB, {
      accountId,
      ...c.req.valid("query"),
    });
    return c.json({ items: items.map(listedScheduleBody), nextCursor }, 200);
  })
  .openapi(get, async (c) =>
    c.json(scheduleBodyOf(await ownSchedule(c, c.req.valid("param"))), 200),
  )
  .openapi(change, async (c) => {
    const { catalogs, clock } = c.get("deps");
    const before = await ownSchedule(c, c.req.valid("param"));
    const changed = changeSchedule(
      before,
      c.req.valid("json"),
      c.get("principal"),
      catalogs,
      clock.now(),
    );
    if (!changed.ok) throw refusalOf(changed);
    if (!(await updateSchedule(c.env.DB, changed))) {
      throw new ApiError(
        "conflict",
        "The schedule was changed by somebody else meanwhile. Read it again.",
      );
    }
    const { accountId, scheduleId } = before;
    const after = await readSchedule(c.env.DB, accountId, scheduleId);
    return c.json(scheduleBodyOf(after ?? { ...before, ...changed.schedule }), 200);
  })
  .openapi(remove, async (c) => {
    const { accountId } = c.get("principal");
    const { scheduleId } = c.req.valid("param");
    if (!(await deleteSchedule(c.env.DB, accountId, scheduleId))) {
      throw new ApiError("not_found", "There is no such schedule.");
    }
    return c.body(null, 204);
  });

export const scheduleRoutes = new OpenAPIHono<AppEnv>()
  .route("/", schedulePreviewRoutes)
  .route("/", ownScheduleRoutes)
  .route("/", scheduleRunRoutes);

async function refuseWithoutRoomOrCredit(
  c: Context<AppEnv>,
  { accountId, model }: Schedule,
): Promise<void> {
  const { models } = c.get("deps").catalogs;
  // As admission has it: a run of a free model holds nothing.
  const isFree = models.find(model ?? models.defaultModelId)?.free === true;
  const [count, statement] = await Promise.all([
    countSchedules(c.env.DB, accountId),
    accountStatement(c.env.DB, accountId),
  ]);
  if (count >= schedulesPerAccountMax) {
    throw new ApiError(
      "conflict",
      `An account may have ${schedulesPerAccountMax} schedules. Delete one first.`,
    );
  }
  if (statement === null || statement.availableCredits < (isFree ? 0 : 1)) {
    throw new ApiError(
      "insufficient_credits",
      "The account has no credit left to run a schedule. Add credits first.",
    );
  }
}

function refusalOf({ code, path, message }: ScheduleProblem): ApiError {
  return new ApiError(code, message, code === "not_found" ? {} : { issues: [{ path, message }] });
}
