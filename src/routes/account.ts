import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { toIso } from "../base/clock.ts";
import { ApiError } from "../base/errors.ts";
import { accountStatement, listLedger } from "../billing/statement.ts";
import type { AppEnv } from "./app-env.ts";
import { requireScope } from "./doors.ts";
import { credits, isoTime, json, page, paging, refusals, signedIn } from "./schemas.ts";

const account = z
  .object({
    accountId: z.string(),
    name: z.string(),
    balanceCredits: credits,
    heldCredits: credits,
    availableCredits: credits,
  })
  .openapi("Account");

const ledgerEntry = z
  .object({
    entryId: z.string(),
    amountCredits: credits,
    balanceAfterCredits: credits,
    reason: z.enum(["top_up", "charge", "correction", "refund"]),
    reference: z.string(),
    receiptId: z.string().optional(),
    createdAt: isoTime,
  })
  .openapi("LedgerEntry");

const readAccount = createRoute({
  method: "get",
  path: "/api/v1/account",
  summary: "Balance, and what of it is held for runs under way",
  security: signedIn,
  middleware: [requireScope("account:read")] as const,
  responses: { 200: json(account, "The account"), ...refusals },
});

const readLedger = createRoute({
  method: "get",
  path: "/api/v1/account/ledger",
  summary: "Every movement of the balance, newest first",
  security: signedIn,
  middleware: [requireScope("account:read")] as const,
  request: { query: paging },
  responses: { 200: json(page(ledgerEntry), "A page of entries"), ...refusals },
});

export const accountRoutes = new OpenAPIHono<AppEnv>()
  .openapi(readAccount, async (c) => {
    const statement = await accountStatement(c.env.DB, c.get("principal").accountId);
    if (statement === null) throw new ApiError("not_found", "There is no such account.");
    return c.json(statement, 200);
  })
  .openapi(readLedger, async (c) => {
    const { accountId } = c.get("principal");
    const { items, nextCursor } = await listLedger(c.env.DB, {
      accountId,
      ...c.req.valid("query"),
    });
    const entries = items.map(({ createdAt, receiptId, ...entry }) => ({
      ...entry,
      ...(receiptId !== null && { receiptId }),
      createdAt: toIso(createdAt),
    }));
    return c.json({ items: entries, nextCursor }, 200);
  });
