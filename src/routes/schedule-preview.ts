import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { toIso } from "../base/clock.ts";
import { ApiError } from "../base/errors.ts";
import { parseCadence } from "../schedules/slots.ts";
import type { AppEnv } from "./app-env.ts";
import { requireScope } from "./doors.ts";
import { cadenceRequest, nextRunsShown } from "./schedule-body.ts";
import { isoTime, json, refusals, signedIn } from "./schemas.ts";

const preview = createRoute({
  method: "post",
  path: "/api/v1/schedules/preview",
  summary: "The next times of a cron text in a time zone; makes nothing",
  security: signedIn,
  middleware: [requireScope("runs:read")] as const,
  request: {
    body: { required: true, content: { "application/json": { schema: cadenceRequest } } },
  },
  responses: { 200: json(z.object({ nextRuns: z.array(isoTime) }), "The next times"), ...refusals },
});

export const schedulePreviewRoutes = new OpenAPIHono<AppEnv>().openapi(preview, (c) => {
  const { cron, timezone } = c.req.valid("json");
  const parsed = parseCadence(cron, timezone);
  if (!parsed.ok) {
    const { path, message } = parsed;
    throw new ApiError("invalid_request", message, { issues: [{ path, message }] });
  }
  const now = c.get("deps").clock.now();
  return c.json({ nextRuns: parsed.cadence.nextSlots(now, nextRunsShown).map(toIso) }, 200);
});
