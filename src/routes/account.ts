import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { toIso } from "../base/clock.ts";
import { ApiError } from "../base/errors.ts";
import { chargedUnderCaps } from "../billing/account-caps.ts";
import { accountStatement, listLedger } from "../billing/statement.ts";
import type { AppEnv } from "./app-env.ts";
import { requireScope } from "./doors.ts";
import { credits, isoTime, json, page, paging, refusals, signedIn } from "./schemas.ts";

const cap = z
  .object({ maxCredits: credits, chargedCredits: credits })
  .nullable()
  .openapi({ description: "null: no cap" });

const account = z
  .object({
    accountId: z.string(),
    name: z.string(),
    balanceCredits: credits,
    heldCredits: credits,
    availableCredits: credits,
    caps: z
      .object({ day: cap, month: cap })
      .openapi({ description: "Set by the operator; days and months are UTC" }),
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
    const { caps, ...figures } = statement;
    const { maxCreditsPerDay, maxCreditsPerMonth } = caps;
    const now = c.get("deps").clock.now();
    const { today, thisMonth } = await chargedUnderCaps(c.env.DB, figures.accountId, caps, now);
    const capOf = (maxCredits: number | null, chargedCredits: number | null) =>
      maxCredits === null || chargedCredits === null ? null : { maxCredits, chargedCredits };
    const shown = {
      day: capOf(maxCreditsPerDay, today),
      month: capOf(maxCreditsPerMonth, thisMonth),
    };
    return c.json({ ...figures, caps: shown }, 200);
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
