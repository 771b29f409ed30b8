import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { ApiError } from "../base/errors.ts";
import { listRuns } from "../billing/statement.ts";
import type { AppEnv } from "./app-env.ts";
import { requireScope } from "./doors.ts";
import { objectOf, ownRun } from "./own-run.ts";
import { presentActedOn, presentRun, presentRuns } from "./present-run.ts";
import { runBody } from "./run-body.ts";
import {
  idText,
  json,
  page,
  paging,
  pathId,
  refusals,
  runStatuses,
  signedIn,
  triggers,
} from "./schemas.ts";

const params = z.object({ runId: pathId("run") });

const list = createRoute({
  method: "get",
  path: "/api/v1/ai/runs",
  summary: "The account's runs, newest first",
  security: signedIn,
  middleware: [requireScope("runs:read")] as const,
  request: {
    query: paging.extend({
      status: z.enum(runStatuses).optional(),
      graphId: z.string().min(1).max(200).optional(),
      trigger: z.enum(triggers).optional(),
      threadId: idText.optional(),
    }),
  },
  responses: { 200: json(page(runBody), "A page of runs"), ...refusals },
});

const get = createRoute({
  method: "get",
  path: "/api/v1/ai/runs/{runId}",
  summary: "One run as it stands now",
  security: signedIn,
  middleware: [requireScope("runs:read")] as const,
  request: { params },
  responses: { 200: json(runBody, "The run"), ...refusals },
});

const cancel = createRoute({
  method: "post",
  path: "/api/v1/ai/runs/{runId}/cancel",
  summary: "Stop a run; it ends once its upstream calls are really closed",
  security: signedIn,
  middleware: [requireScope("runs:write")] as const,
  request: { params },
  responses: {
    200: json(runBody, "It has ended or is being stopped already"),
    202: json(runBody, "It is being stopped"),
    ...refusals,
  },
});

export const runRoutes = new OpenAPIHono<AppEnv>()
  .openapi(list, async (c) => {
    const { accountId } = c.get("principal");
    const { items, nextCursor } = await listRuns(c.env.DB, { accountId, ...c.req.valid("query") });
    const bodies = await presentRuns(c, items);
    return c.json({ items: bodies, nextCursor }, 200);
  })
  .openapi(get, async (c) => {
    const row = await ownRun(c, c.req.valid("param").runId);
    return c.json(await presentRun(c, row), 200);
  })
  .openapi(cancel, async (c) => {
    const row = await ownRun(c, c.req.valid("param").runId);
    const object = objectOf(c, row);
    if (object === null) return c.json(presentActedOn(c, row, null), 200);
    const outcome = await object.cancel(row.billingAccountId);
    if (outcome === null) {
      throw new ApiError("conflict", "This run is still being admitted. Try again in a moment.");
    }
    return c.json(presentActedOn(c, row, outcome.run), outcome.accepted ? 202 : 200);
  });
