import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { toIso } from "../base/clock.ts";
import { steps } from "../billing/activity-buckets.ts";
import { activity, groupings, resolveRange } from "../billing/statement-activity.ts";
import { activityCsv, activityRows } from "../billing/statement-activity-rows.ts";
import type { AppEnv } from "./app-env.ts";
import { requireScope } from "./doors.ts";
import { receipt, receiptBody } from "./receipt-body.ts";
import {
  credits,
  graphId,
  isoTime,
  json,
  modelId,
  page,
  paging,
  refusals,
  runStatuses,
  signedIn,
  triggers,
} from "./schemas.ts";

const count = z.int().min(0);
const counts = { chargedCredits: credits, calls: count, inputTokens: count, outputTokens: count };

const body = z
  .object({
    from: isoTime,
    to: isoTime,
    step: z.enum(steps),
    totals: z.object({ ...counts, runs: count }),
    series: z.array(
      z.object({ key: z.string(), points: z.array(z.object({ at: isoTime, ...counts })) }),
    ),
  })
  .openapi("Activity");

const row = receipt
  .extend({
    run: z.object({
      status: z.enum(runStatuses),
      threadId: z.string().nullable(),
      scheduleId: z.string().nullable(),
      scheduledFor: isoTime.nullable(),
      createdAt: isoTime,
    }),
  })
  .openapi("ActivityRow");

/** A time, or a day that stands for its beginning in UTC. */
const instant = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()])
  .transform((text) => Date.parse(text))
  .openapi({ type: "string", format: "date-time" });

const range = z.object({
  from: instant.optional().openapi({ description: "By default seven days before `to`" }),
  to: instant.optional().openapi({ description: "By default now" }),
  timeZone: z.string().min(1).max(64).default("UTC"),
  graphId: graphId.optional(),
  model: modelId.optional(),
  trigger: z.enum(triggers).optional(),
});

const overTime = createRoute({
  method: "get",
  path: "/api/v1/activity",
  summary: "Usage over time, [from, to), by default the last seven days",
  security: signedIn,
  middleware: [requireScope("account:read")] as const,
  request: {
    query: range.extend({
      step: z.enum(steps).default("1d"),
      groupBy: z.enum(groupings).default("model"),
    }),
  },
  responses: { 200: json(body, "Totals, and a zero-filled series per group"), ...refusals },
});

const rows = createRoute({
  method: "get",
  path: "/api/v1/activity/rows",
  summary: "Receipts with their runs, newest first",
  security: signedIn,
  middleware: [requireScope("account:read")] as const,
  request: { query: range.extend(paging.shape) },
  responses: { 200: json(page(row), "A page of receipts"), ...refusals },
});

const csv = createRoute({
  method: "get",
  path: "/api/v1/activity.csv",
  summary: "The same receipts as a file",
  security: signedIn,
  middleware: [requireScope("account:read")] as const,
  request: { query: range },
  responses: {
    200: {
      description: "A header line, then one line a receipt",
      content: { "text/csv": { schema: z.string() } },
    },
    ...refusals,
  },
});

export const activityRoutes = new OpenAPIHono<AppEnv>()
  .openapi(overTime, async (c) => {
    const { accountId } = c.get("principal");
    const wish = { accountId, ...c.req.valid("query") };
    return c.json(await activity(c.env.DB, wish, c.get("deps").clock.now()), 200);
  })
  .openapi(rows, async (c) => {
    const { accountId } = c.get("principal");
    const query = c.req.valid("query");
    const { from, to } = resolveRange(query, c.get("deps").clock.now());
    const found = await activityRows(c.env.DB, { ...query, accountId, from, to });
    const items = found.items.map(({ run, ...receiptRow }) => ({
      ...receiptBody(receiptRow),
      run: {
        ...run,
        scheduledFor: run.scheduledFor === null ? null : toIso(run.scheduledFor),
        createdAt: toIso(run.createdAt),
      },
    }));
    return c.json({ items, nextCursor: found.nextCursor }, 200);
  })
  .openapi(csv, (c) => {
    const { accountId } = c.get("principal");
    const query = c.req.valid("query");
    const { from, to } = resolveRange(query, c.get("deps").clock.now());
    return new Response(pulled(activityCsv(c.env.DB, { ...query, accountId, from, to })), {
      headers: {
        "content-type": "text/csv; charset=utf-8",
        "content-disposition": 'attachment; filename="activity.csv"',
      },
    });
  });

/** Reads on only as fast as the client does, so that a long file is never held in memory. */
function pulled(lines: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next: IteratorResult<string, unknown> = await lines.next();
      if (next.done === true) controller.close();
      else controller.enqueue(encoder.encode(next.value));
    },
    async cancel() {
      await lines.return(undefined);
    },
  });
}
