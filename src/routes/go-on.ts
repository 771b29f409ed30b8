import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { ApiError } from "../base/errors.ts";
import { utf8Length } from "../base/utf8.ts";
import type { RunRow } from "../billing/statement.ts";
import type { JsonValue } from "../ports/json.ts";
import type { GoOnOutcome, LiveRun } from "../ports/run.ts";
import type { AppEnv } from "./app-env.ts";
import { requireScope } from "./doors.ts";
import { isSkipped, maySpendOn, objectOf, ownRun } from "./own-run.ts";
import { presentActedOn } from "./present-run.ts";
import { isOver, runBody } from "./run-body.ts";
import { json, pathId, refusals, signedIn } from "./schemas.ts";
import { runRefusal } from "./run-refusal.ts";

const answerBytesMax = 64 * 1024;
const params = z.object({ runId: pathId("run") });

/** Came out of JSON, so all that is left to ask is whether it is there and how large it is. */
const answerValue = z
  .custom<JsonValue>((value) => value !== undefined, "An answer needs a value; null is one.")
  .refine(
    (value) => utf8Length(JSON.stringify(value)) <= answerBytesMax,
    "An answer may have 64 KiB.",
  )
  .openapi({
    type: ["object", "array", "string", "number", "boolean", "null"],
    description: "Any JSON; the graph that asked knows what it means",
  });

const runAnswer = z
  .strictObject({
    interruptId: z.string().min(1).max(200).optional().openapi({
      description: "One of the run's `interrupts`; may be left out when there is only one",
    }),
    value: answerValue,
  })
  .openapi("RunAnswer");

const resume = createRoute({
  method: "post",
  path: "/api/v1/ai/runs/{runId}/resume",
  summary: "Answer what an interrupted run asks; it goes on in the same attempt",
  security: signedIn,
  middleware: [requireScope("runs:write")] as const,
  request: {
    params,
    body: { required: true, content: { "application/json": { schema: runAnswer } } },
  },
  responses: {
    200: json(runBody, "This very answer was given before"),
    202: json(runBody, "The run goes on"),
    ...refusals,
  },
});

const retry = createRoute({
  method: "post",
  path: "/api/v1/ai/runs/{runId}/retry",
  summary:
    "Another attempt of a run that failed or was stopped; calls that were settled are not made again",
  security: signedIn,
  middleware: [requireScope("runs:write")] as const,
  request: { params },
  responses: { 202: json(runBody, "The next attempt runs"), ...refusals },
});

export const goOnRoutes = new OpenAPIHono<AppEnv>()
  .openapi(resume, async (c) => {
    const row = await payableRun(c, c.req.valid("param").runId);
    const { interruptId = null, value } = c.req.valid("json");
    const answer = { interruptId, value };
    const outcome = await objectOf(c, row)?.resume(row.billingAccountId, answer);
    const { run, repeated } = wentOn(row, outcome ?? null);
    return c.json(presentActedOn(c, row, run), repeated ? 200 : 202);
  })
  .openapi(retry, async (c) => {
    const row = await payableRun(c, c.req.valid("param").runId);
    const outcome = await objectOf(c, row)?.retry(row.billingAccountId);
    const { run } = wentOn(row, outcome ?? null);
    return c.json(presentActedOn(c, row, run), 202);
  });

/** A run of the account for which the caller may have more spent. */
async function payableRun(c: Context<AppEnv>, runId: string): Promise<RunRow> {
  const row = await ownRun(c, runId);
  if (maySpendOn(c.get("principal"), row)) return row;
  throw new ApiError(
    "forbidden",
    "This key has a limit or an expiry, so only runs that it started go on by it. Use the key of this one, or one without limits.",
  );
}

/** The run that goes on; every other outcome is thrown as the refusal that it is on the wire. */
function wentOn(row: RunRow, outcome: GoOnOutcome | null): { run: LiveRun; repeated: boolean } {
  if (outcome === null) throw withoutObject(row);
  if (outcome.ok) return outcome;
  throw runRefusal(outcome);
}

/** D1 knows the run and its object does not. */
function withoutObject(row: RunRow): ApiError {
  if (isSkipped(row)) {
    return new ApiError("conflict", "This run was skipped, so there is nothing to go on with.");
  }
  return isOver(row)
    ? new ApiError("gone", "What this run would go on from is no longer kept.")
    : new ApiError("conflict", "This run is still being admitted. Try again in a moment.");
}
