import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { ApiError } from "../base/errors.ts";
import { isId } from "../base/ids.ts";
import { getRunRow, type RunRow } from "../billing/statement.ts";
import { accountHeader, getRun, mayWriteHeader } from "../run/get-run.ts";
import type { AppEnv } from "./app-env.ts";
import { requireScope } from "./doors.ts";
import { isSkipped, maySpendOn, ownRun } from "./own-run.ts";
import { isSocketUpgrade, refusedSocket } from "./refused-socket.ts";
import { isOver } from "./run-body.ts";
import { pathId, refusals, signedIn } from "./schemas.ts";
import { hasStarted } from "./started-runs.ts";

/** Headers of the caller that a RunObject has a use for; credentials and cookies stay at the door. */
const passedOn = [
  "last-event-id",
  "upgrade",
  "connection",
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-extensions",
  "sec-websocket-protocol",
];

/** A cursor is judged by the RunObject, which knows the last event. */
const query = z.object({
  after: z
    .string()
    .max(30)
    .optional()
    .openapi({ description: "Sequence number of the last event seen" }),
});

const events = createRoute({
  method: "get",
  path: "/api/v1/ai/runs/{runId}/events",
  summary: "The run's events as Server-Sent Events; `Last-Event-ID` or `after` continues",
  security: signedIn,
  middleware: [requireScope("runs:read")] as const,
  request: { params: z.object({ runId: pathId("run") }), query },
  responses: {
    200: { description: "Events", content: { "text/event-stream": { schema: z.string() } } },
    204: { description: "The run is over or waits for an answer, and every event was seen" },
    ...refusals,
  },
});

const socket = createRoute({
  method: "get",
  path: "/api/v1/ai/runs/{runId}/socket",
  summary: "The run's events as a WebSocket of JSON text frames",
  description:
    "Refusals after the upgrade are close codes: 4400 bad cursor, 4401 unauthenticated, 4404 not found, 4410 gone.",
  security: signedIn,
  middleware: [requireScope("runs:read")] as const,
  request: { params: z.object({ runId: z.string() }), query },
  responses: {
    101: { description: "Frames follow" },
    426: { description: "Open this address as a WebSocket" },
    ...refusals,
  },
});

export const runStreamRoutes = new OpenAPIHono<AppEnv>()
  .openapi(events, async (c) => {
    const { runId } = c.req.valid("param");
    const row = isStartedHere(c, runId) ? null : await ownRun(c, runId);
    if (row !== null && isSkipped(row)) throw eventsGone();
    const answer = await watchRun(c, runId, "events", row);
    if (answer.ok) return answer;
    await answer.body?.cancel();
    if (answer.status === 400) {
      throw new ApiError(
        "invalid_request",
        "The cursor is not the number of an event of this run.",
      );
    }
    if (answer.status === 410 || isOver(row ?? (await ownRun(c, runId)))) throw eventsGone();
    throw new ApiError("not_found", "There is no such run.");
  })
  .openapi(socket, async (c) => {
    if (!isSocketUpgrade(c.req.raw)) {
      throw new ApiError("upgrade_required", "Open this address as a WebSocket.");
    }
    const { runId } = c.req.valid("param");
    const { accountId } = c.get("principal");
    const isStarted = isStartedHere(c, runId);
    // Otherwise D1 is asked first: an object that is looked at is made, and with it a database.
    const isAsked = !isStarted && isId("run", runId);
    const row = isAsked ? await getRunRow(c.env.DB, accountId, runId) : null;
    if (row === null && !isStarted) return refusedSocket("not_found");
    if (row !== null && isSkipped(row)) return refusedSocket("gone");
    const answer = await watchRun(c, runId, "socket", row);
    if (answer.status === 101) return answer;
    await answer.body?.cancel();
    const refused = row ?? (await getRunRow(c.env.DB, accountId, runId));
    const isGone = answer.status === 410 || (refused !== null && isOver(refused));
    return refusedSocket(isGone ? "gone" : "not_found");
  });

/** Which key a run is on, D1 says; only to a key with bounds that makes a difference. */
function isStartedHere(c: Context<AppEnv>, runId: string): boolean {
  const { accountId, isBounded } = c.get("principal");
  return !isBounded && hasStarted(c.env.DB, runId, accountId);
}

/**
 * Hands a viewer on to the RunObject of a run that is known to be the caller's, with the cursor that it asks for. The row
 * is null of a run that the caller may act on as far as it goes.
 */
function watchRun(
  c: Context<AppEnv>,
  runId: string,
  door: "events" | "socket",
  row: RunRow | null,
): Promise<Response> {
  const url = new URL(c.req.url);
  url.pathname = `/api/v1/ai/runs/${runId}/${door}`;
  const headers = viewerHeaders(c, row);
  for (const name of passedOn) {
    const value = c.req.header(name);
    if (value !== undefined) headers.set(name, value);
  }
  return askRun(c, runId, new Request(url, { headers }));
}

/** All events, for the request that starts the run: it has seen none. */
export async function watchRunFromStart(c: Context<AppEnv>, runId: string): Promise<Response> {
  const url = new URL(`/api/v1/ai/runs/${runId}/events`, c.req.url);
  const answer = await askRun(c, runId, new Request(url, { headers: viewerHeaders(c, null) }));
  if (answer.status !== 410) return answer;
  await answer.body?.cancel();
  throw eventsGone();
}

/** Past their retention, or of a slot that was skipped. The run itself and its receipts stay. */
function eventsGone(): ApiError {
  return new ApiError("gone", "This run has no events, or none any more. Read the run itself.");
}

function viewerHeaders(c: Context<AppEnv>, row: RunRow | null): Headers {
  const principal = c.get("principal");
  const headers = new Headers({ [accountHeader]: principal.accountId });
  const mayWrite = principal.scopes.has("runs:write");
  if (mayWrite && (row === null || maySpendOn(principal, row))) headers.set(mayWriteHeader, "1");
  return headers;
}

/** The answer is copied, because headers are added to it on the way out. */
async function askRun(c: Context<AppEnv>, runId: string, request: Request): Promise<Response> {
  const answer = await getRun(c.env, runId).fetch(request);
  return answer.webSocket === null
    ? new Response(answer.body, answer)
    : new Response(null, { status: 101, webSocket: answer.webSocket });
}
