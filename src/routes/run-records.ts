import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { listReceipts } from "../billing/statement.ts";
import type { AppEnv } from "./app-env.ts";
import { requireScope } from "./doors.ts";
import { objectOf, ownRun } from "./own-run.ts";
import { receipt, receiptBody } from "./receipt-body.ts";
import { isoTime, json, pathId, refusals, signedIn } from "./schemas.ts";

const call = z
  .object({
    callId: z.string(),
    nodeKey: z.string().openapi({ description: "Empty: found in the gateway's log" }),
    ordinal: z.int(),
    dispatch: z.int(),
    attempt: z.int(),
    state: z.enum(["intent", "dispatched", "settled", "interrupted", "failed", "cancelled"]),
    model: z.string(),
    startedAt: isoTime,
    endedAt: isoTime.nullable(),
    usageUnitId: z.string().nullable(),
    receiptId: z.string().nullable(),
  })
  .openapi("Call");

const params = z.object({ runId: pathId("run") });

const readReceipts = createRoute({
  method: "get",
  path: "/api/v1/ai/runs/{runId}/receipts",
  summary: "What was charged, one receipt per dispatched call",
  security: signedIn,
  middleware: [requireScope("runs:read")] as const,
  request: { params },
  responses: {
    200: json(z.object({ items: z.array(receipt) }), "Every receipt of the run"),
    ...refusals,
  },
});

const readCalls = createRoute({
  method: "get",
  path: "/api/v1/ai/runs/{runId}/calls",
  summary: "The journal of the run's model calls, in the order of their dispatch",
  security: signedIn,
  middleware: [requireScope("runs:read")] as const,
  request: { params },
  responses: {
    200: json(z.object({ items: z.array(call) }), "Every call of the run"),
    ...refusals,
  },
});

export const runRecordRoutes = new OpenAPIHono<AppEnv>()
  .openapi(readReceipts, async (c) => {
    const row = await ownRun(c, c.req.valid("param").runId);
    const receipts = await listReceipts(c.env.DB, row.billingAccountId, row.id);
    return c.json({ items: receipts.map(receiptBody) }, 200);
  })
  .openapi(readCalls, async (c) => {
    const row = await ownRun(c, c.req.valid("param").runId);
    const calls = await objectOf(c, row)?.calls(row.billingAccountId);
    return c.json({ items: calls ?? [] }, 200);
  });
