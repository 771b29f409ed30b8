import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { ApiError } from "../base/errors.ts";
import { deriveId, isId, newId } from "../base/ids.ts";
import type { StartOutcome, StartRun } from "../ports/run.ts";
import { getRun, planRun } from "../run/get-run.ts";
import type { AppEnv } from "./app-env.ts";
import { requireScope } from "./doors.ts";
import { requestedMessages, runRequest } from "./run-request.ts";
import type { RunRequest } from "./run-request.ts";
import { watchRunFromStart } from "./run-streams.ts";
import { refusals, runStatuses, signedIn } from "./schemas.ts";
import { rememberStart } from "./started-runs.ts";
import { runRefusal } from "./run-refusal.ts";

const startedRun = z
  .object({
    runId: z.string(),
    threadId: z.string(),
    graphId: z.string(),
    status: z.enum(runStatuses),
    attempt: z.int(),
    links: z.object({
      self: z.string(),
      events: z.string(),
      socket: z.string(),
      page: z.string(),
    }),
  })
  .openapi("StartedRun");

const started = {
  description:
    "The run; with `Accept: text/event-stream` its event stream, and the id in `x-run-id`",
  headers: z.object({ "x-run-id": z.string() }),
  content: {
    "application/json": { schema: startedRun },
    "text/event-stream": { schema: z.string() },
  },
};

const create = createRoute({
  method: "post",
  path: "/api/v1/ai/runs",
  summary: "Start a run",
  security: signedIn,
  middleware: [requireScope("runs:write")] as const,
  request: {
    headers: z.object({
      "idempotency-key": z.string().min(1).max(255).optional().openapi({
        description: "The same key with the same body returns the same run; with another body 409",
      }),
    }),
    body: { required: true, content: { "application/json": { schema: runRequest } } },
  },
  responses: {
    201: started,
    200: { ...started, description: "The key was used before" },
    ...refusals,
  },
});

export const startRunRoutes = new OpenAPIHono<AppEnv>().openapi(create, async (c) => {
  const wantsStream = c.req.header("accept")?.includes("text/event-stream") === true;
  if (wantsStream && !c.get("principal").scopes.has("runs:read")) {
    throw new ApiError("forbidden", "This key may start runs and not read them. Ask for JSON.");
  }
  const key = c.req.valid("header")["idempotency-key"];
  const start = planned(c, key ?? null, c.req.valid("json"));
  const { runId } = start.context;
  const outcome: StartOutcome = await getRun(c.env, runId).start(start);
  if (!outcome.ok) throw runRefusal(outcome);
  rememberStart(c.env.DB, runId, start.context.billingAccountId);
  const status = outcome.created ? 201 : 200;
  if (wantsStream) {
    const stream = await watchRunFromStart(c, runId);
    return new Response(stream.body, { status, headers: withRunId(stream.headers, runId) });
  }
  const self = `/api/v1/ai/runs/${runId}`;
  const { threadId, graphId, attempt } = outcome.run;
  c.header("x-run-id", runId);
  return c.json(
    {
      runId,
      threadId,
      graphId,
      status: outcome.run.status,
      attempt,
      links: { self, events: `${self}/events`, socket: `${self}/socket`, page: `/runs/${runId}` },
    },
    status,
  );
});

/** Account, key, trigger and ids come from the credential and the server; only the wish comes from the body. */
function planned(c: Context<AppEnv>, idempotencyKey: string | null, body: RunRequest): StartRun {
  const { accountId, virtualKeyId, kind } = c.get("principal");
  const { threadId = null } = body;
  if (threadId !== null && !isId("thread", threadId)) {
    throw new ApiError("not_found", "There is no such thread.");
  }
  const messages = requestedMessages(body);
  const plan = planRun(
    {
      context: {
        runId:
          idempotencyKey === null
            ? newId("run")
            : deriveId("run", ["key", accountId, idempotencyKey]),
        attempt: 0,
        requestId: c.get("requestId"),
        graphId: body.graphId,
        billingAccountId: accountId,
        virtualKeyId,
        trigger: kind === "person" ? "chat" : "api",
      },
      messages,
      threadId,
      threadTitle: messages.find(({ role }) => role === "user")?.content ?? "",
      model: body.model ?? null,
      configurable: body.configurable ?? {},
      toolIds: body.toolIds ?? null,
      limits: body.limits ?? {},
      scheduleId: null,
      scheduledFor: null,
    },
    c.get("deps").catalogs,
  );
  if (plan.ok) return plan.start;
  const { code, path, message } = plan;
  throw new ApiError(code, message, code === "not_found" ? {} : { issues: [{ path, message }] });
}

function withRunId(headers: Headers, runId: string): Headers {
  const own = new Headers(headers);
  own.set("x-run-id", runId);
  return own;
}
