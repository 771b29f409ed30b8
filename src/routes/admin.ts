import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { findHolder } from "../auth/people.ts";
import { ApiError } from "../base/errors.ts";
import { paidModelsOf } from "../billing/audit-hourly.ts";
import { auditLedger } from "../billing/audit.ts";
import { setAccountCaps } from "../billing/account-caps.ts";
import { addCredits, createAccount } from "../billing/credits.ts";
import type { AppEnv } from "./app-env.ts";
import { keyRequest, mintFor, newKey } from "./keys.ts";
import { adminToken, credits, displayName, json, refusals } from "./schemas.ts";

const creditsMax = 1_000_000_000_000;
const operator = [{ [adminToken]: [] }];
/** Not held to the form of our own ids: the demo account's is a word. An unknown one is answered 404. */
const params = z.object({ accountId: z.string().min(1).max(64) });

const creditRequest = z
  .strictObject({
    credits: credits.min(-creditsMax).max(creditsMax),
    reason: z.enum(["top_up", "refund", "correction"]),
    reference: z.string().min(1).max(255),
    receiptId: z.string().min(1).max(64).optional(),
  })
  .refine(({ credits: amount, reason }) => amount > 0 || (amount < 0 && reason === "correction"), {
    path: ["credits"],
    message: "Must be above 0; only a correction may be below.",
  })
  .refine(({ receiptId, reason }) => receiptId === undefined || reason !== "top_up", {
    path: ["receiptId"],
    message: "A top-up belongs to no receipt.",
  })
  .openapi("CreditRequest");

const posted = z.object({
  accountId: z.string(),
  credits,
  reference: z.string(),
  repeated: z.boolean().openapi({ description: "The reference was posted before" }),
});

function body<Schema extends z.ZodType>(schema: Schema) {
  return { body: { required: true, content: { "application/json": { schema } } } };
}

const openAccount = createRoute({
  method: "post",
  path: "/api/v1/admin/accounts",
  summary: "Open an account",
  security: operator,
  request: body(z.strictObject({ name: displayName })),
  responses: { 201: json(z.object({ accountId: z.string() }), "The account"), ...refusals },
});

const postCredits = createRoute({
  method: "post",
  path: "/api/v1/admin/accounts/{accountId}/credits",
  summary: "Post credits, once per reference of the account, whatever the reason",
  security: operator,
  request: { params, ...body(creditRequest) },
  responses: { 200: json(posted, "They are posted"), ...refusals },
});

const makeKey = createRoute({
  method: "post",
  path: "/api/v1/admin/accounts/{accountId}/keys",
  summary: "Make a key for an account",
  security: operator,
  request: { params, ...body(keyRequest) },
  responses: { 201: json(newKey, "The key with its secret"), ...refusals },
});

const caps = z
  .strictObject({
    maxCreditsPerDay: credits.min(0).nullable(),
    maxCreditsPerMonth: credits.min(0).nullable(),
  })
  .openapi("AccountCaps");

const setCaps = createRoute({
  method: "put",
  path: "/api/v1/admin/accounts/{accountId}/caps",
  summary: "Cap what an account may be charged in a day and in a month, UTC; null: no cap",
  security: operator,
  request: { params, ...body(caps) },
  responses: { 200: json(caps, "They hold from now on"), ...refusals },
});

const finding = z.object({
  count: z.int().min(0),
  ids: z.array(z.string()).openapi({ description: "At most 100 of them" }),
});

const auditReport = z
  .object({
    oldestUnsettledSeconds: z.int().min(0),
    unsettledRuns: finding,
    deadHolds: finding,
    unknownReceipts: finding,
    zeroCostPaid: finding,
    missingUsageUnitIds: finding,
    balanceMismatches: finding,
  })
  .openapi("AuditReport");

const audit = createRoute({
  method: "get",
  path: "/api/v1/admin/audit",
  summary: "Check the books: every count is 0 where they are in order",
  security: operator,
  responses: { 200: json(auditReport, "What was found"), ...refusals },
});

export const adminRoutes = new OpenAPIHono<AppEnv>()
  .openapi(openAccount, async (c) => {
    const { name } = c.req.valid("json");
    const { accountId } = await createAccount(c.env.DB, { name, now: c.get("deps").clock.now() });
    return c.json({ accountId }, 201);
  })
  .openapi(postCredits, async (c) => {
    const { accountId } = c.req.valid("param");
    const wanted = c.req.valid("json");
    const { clock } = c.get("deps");
    const { receiptId, ...credit } = wanted;
    const { kind } = await addCredits(
      { db: c.env.DB, clock },
      { accountId, ...credit, ...(receiptId !== undefined && { receiptId }) },
    );
    switch (kind) {
      case "no_account":
        throw noAccount();
      case "no_receipt":
        throw new ApiError("not_found", "The account has no such receipt.");
      case "conflict":
        throw new ApiError(
          "conflict",
          "This reference stands for another credit, or more would be given back than was charged.",
        );
      case "posted":
      case "repeated": {
        const { credits: amount, reference } = wanted;
        return c.json(
          { accountId, credits: amount, reference, repeated: kind === "repeated" },
          200,
        );
      }
    }
  })
  .openapi(makeKey, async (c) => {
    const { accountId } = c.req.valid("param");
    if ((await findHolder(c.env.DB, accountId)) === null) throw noAccount();
    return c.json(await mintFor(c, accountId, c.req.valid("json")), 201);
  })
  .openapi(setCaps, async (c) => {
    const wanted = c.req.valid("json");
    const isSet = await setAccountCaps(c.env.DB, c.req.valid("param").accountId, wanted);
    if (!isSet) throw noAccount();
    return c.json(wanted, 200);
  })
  .openapi(audit, async (c) => {
    const { clock, catalogs } = c.get("deps");
    const paidModels = paidModelsOf(catalogs.models);
    const wish = { now: clock.now(), paidModels, extent: "all" } as const;
    return c.json(await auditLedger(c.env.DB, wish), 200);
  });

function noAccount(): ApiError {
  return new ApiError("not_found", "There is no such account.");
}
