import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { createKey, listKeys, revokeKey } from "../auth/api-keys.ts";
import type { ApiKey } from "../auth/api-keys.ts";
import { toIso } from "../base/clock.ts";
import { ApiError } from "../base/errors.ts";
import { scopes } from "../auth/principal.ts";
import type { AppEnv } from "./app-env.ts";
import { requireScope } from "./doors.ts";
import {
  credits,
  displayName,
  isoTime,
  json,
  page,
  paging,
  pathId,
  refusals,
  signedIn,
} from "./schemas.ts";

const key = z
  .object({
    keyId: z.string(),
    label: z.string(),
    scopes: z.array(z.enum(scopes)),
    maxCredits: credits.nullable().openapi({ description: "Over the key's life" }),
    maxCreditsPerDay: credits.nullable().openapi({ description: "In a day, UTC" }),
    maxCreditsPerMonth: credits.nullable().openapi({ description: "In a month, UTC" }),
    expiresAt: isoTime.nullable(),
    revokedAt: isoTime.nullable(),
    createdAt: isoTime,
  })
  .openapi("Key");

/** What a new key may do. Shared by an account's own door and the operator's. */
export const keyRequest = z
  .strictObject({
    label: displayName,
    scopes: z.array(z.enum(scopes)).min(1).max(20),
    expiresAt: z.iso.datetime({ offset: true }).optional(),
    maxCredits: credits.min(0).optional(),
    maxCreditsPerDay: credits.min(0).optional(),
    maxCreditsPerMonth: credits.min(0).optional(),
  })
  .openapi("KeyRequest");

export const newKey = key
  .extend({ secret: z.string().openapi({ description: "Sent after `Bearer `; shown only here" }) })
  .openapi("NewKey");

const list = createRoute({
  method: "get",
  path: "/api/v1/keys",
  summary: "The account's keys, without secrets",
  security: signedIn,
  middleware: [requireScope("account:read")] as const,
  request: { query: paging },
  responses: { 200: json(page(key), "A page of keys, newest first"), ...refusals },
});

const create = createRoute({
  method: "post",
  path: "/api/v1/keys",
  summary: "Make a key; its secret is in this answer and nowhere else",
  security: signedIn,
  request: { body: { required: true, content: { "application/json": { schema: keyRequest } } } },
  responses: { 201: json(newKey, "The key with its secret"), ...refusals },
});

const revoke = createRoute({
  method: "delete",
  path: "/api/v1/keys/{keyId}",
  summary: "Revoke a key for good",
  security: signedIn,
  request: { params: z.object({ keyId: pathId("key") }) },
  responses: { 204: { description: "It opens nothing from now on" }, ...refusals },
});

export const keyRoutes = new OpenAPIHono<AppEnv>()
  .openapi(list, async (c) => {
    const { accountId } = c.get("principal");
    const { items, nextCursor } = await listKeys(c.env.DB, { accountId, ...c.req.valid("query") });
    return c.json({ items: items.map(keyBody), nextCursor }, 200);
  })
  .openapi(create, async (c) => {
    const { accountId, scopes: own } = managerOf(c);
    const wanted = c.req.valid("json");
    if (wanted.scopes.some((scope) => !own.has(scope))) {
      throw new ApiError("forbidden", "A key cannot make a key that may do more than itself.");
    }
    return c.json(await mintFor(c, accountId, wanted), 201);
  })
  .openapi(revoke, async (c) => {
    const { accountId } = managerOf(c);
    const { keyId } = c.req.valid("param");
    const isRevoked = await revokeKey(c.env.DB, accountId, keyId, c.get("deps").clock.now());
    if (!isRevoked) throw new ApiError("not_found", "There is no such key.");
    return c.body(null, 204);
  });

function managerOf(c: Context<AppEnv>) {
  const principal = c.get("principal");
  if (!principal.mayManageKeys) {
    throw new ApiError(
      "forbidden",
      "Keys are managed by people, or by a key with every scope, no cap and no expiry.",
    );
  }
  return principal;
}

/** Makes a key for an account and answers with its secret. */
export async function mintFor(
  c: Context<AppEnv>,
  accountId: string,
  wanted: z.output<typeof keyRequest>,
): Promise<z.input<typeof newKey>> {
  const { config, clock } = c.get("deps");
  const now = clock.now();
  const pepper = config.apiKeyPepper;
  if (pepper === null) {
    throw new ApiError(
      "provider_unavailable",
      "Keys cannot be made yet: the operator has to set this deployment's secret API_KEY_PEPPER.",
    );
  }
  const expiresAt = wanted.expiresAt === undefined ? null : Date.parse(wanted.expiresAt);
  if (expiresAt !== null && expiresAt <= now) {
    const issues = [{ path: "expiresAt", message: "Must lie in the future." }];
    throw new ApiError("invalid_request", "The request is not valid. `issues` says where.", {
      issues,
    });
  }
  const { label, scopes: wantedScopes } = wanted;
  const { maxCredits = null, maxCreditsPerDay = null, maxCreditsPerMonth = null } = wanted;
  const caps = { maxCredits, maxCreditsPerDay, maxCreditsPerMonth };
  const asked = { accountId, label, scopes: wantedScopes, ...caps, expiresAt };
  const made = await createKey(c.env.DB, asked, pepper, now);
  return { ...keyBody(made.key), secret: made.text };
}

function keyBody(row: ApiKey): z.input<typeof key> {
  const iso = (ms: number | null) => (ms === null ? null : toIso(ms));
  return {
    keyId: row.keyId,
    label: row.label,
    scopes: row.scopes,
    maxCredits: row.maxCredits,
    maxCreditsPerDay: row.maxCreditsPerDay,
    maxCreditsPerMonth: row.maxCreditsPerMonth,
    expiresAt: iso(row.expiresAt),
    revokedAt: iso(row.revokedAt),
    createdAt: toIso(row.createdAt),
  };
}
