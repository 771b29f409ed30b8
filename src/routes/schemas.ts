import { z } from "@hono/zod-openapi";
import { isId } from "../base/ids.ts";
import type { IdKind } from "../base/ids.ts";
import type { ApiErrorCode } from "../base/errors.ts";
import { statusOfCode } from "../base/errors.ts";
import { utf8Length } from "../base/utf8.ts";
import type { JsonObject } from "../ports/json.ts";

const messageCharactersMax = 32_000;
const configurableBytesMax = 16 * 1024;

export const isoTime = z.iso.datetime();
export const credits = z.int();
export const triggers = ["chat", "schedule", "api", "webhook"] as const;
export const runStatuses = [
  "pending",
  "running",
  "interrupted",
  "success",
  "error",
  "cancelled",
  "skipped",
] as const;

/** An id in a path. One of the wrong form cannot exist, so it is answered 404 like any unknown one. */
export function pathId(kind: IdKind) {
  return z
    .string()
    .refine((text) => isId(kind, text), "This id cannot exist.")
    .openapi({ example: `${kind}_0123456789abcdefghjkmnpqrs` });
}

/** An id in a query or body. The right form with the wrong owner is answered 404, the wrong form too. */
export const idText = z.string().min(1).max(64);

export const messageText = z
  .string()
  .max(messageCharactersMax)
  .refine((text) => text.trim() !== "", "A message must not be blank.")
  .refine((text) => text.isWellFormed(), "A message must be well-formed Unicode.");

/**
 * A name that people see in lists: something to see, no control characters and none that turn the direction of the text
 * around it.
 */
export const displayName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine(
    (text) => text === "" || /[^\p{Default_Ignorable_Code_Point}\p{White_Space}]/u.test(text),
    "A name must have a visible character.",
  )
  .refine(
    (text) => !/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(text) && text.isWellFormed(),
    "A name must not contain control characters.",
  );

/** Values passed on to a graph. `run/plan-run.ts` decides which keys count. */
export const configurable = z
  .custom<JsonObject>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "Expected an object.",
  )
  .refine(
    (value) => utf8Length(JSON.stringify(value)) <= configurableBytesMax,
    "`configurable` may have 16 KiB.",
  )
  .openapi({ type: "object", additionalProperties: true });

export const graphId = z.string().min(1).max(200).openapi({ example: "langgraph:poet" });
export const modelId = z.string().min(1).max(200).openapi({ example: "demo/small" });
export const toolIds = z.array(z.string().min(1).max(200)).max(100);

/** Caps of one run, with the most that the server allows. */
export const runLimits = z
  .strictObject({
    maxCalls: z.int().min(1).max(500).optional(),
    maxCredits: z.int().min(0).max(1_000_000_000).optional(),
    maxWallSeconds: z.int().min(1).max(3_600).optional(),
    maxSteps: z.int().min(1).max(500).optional(),
  })
  .transform(onlyGiven);

/** Types allow undefined, which JSON cannot say: what was not given must be absent, to get its default or stay as it is. */
export function onlyGiven<Fields extends object>(
  fields: Fields,
): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };
}

export const paging = z.object({
  limit: z
    .string()
    .regex(/^\d{1,3}$/, "Expected a whole number.")
    .transform(Number)
    .pipe(z.int().min(1).max(100))
    .default(20)
    .openapi({ type: "integer", minimum: 1, maximum: 100, default: 20 }),
  cursor: z.string().min(1).max(500).optional(),
});

export function page<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

const errorBody = z
  .object({
    error: z.object({
      code: z.enum(Object.keys(statusOfCode) as [ApiErrorCode, ...ApiErrorCode[]]),
      message: z.string(),
      requestId: z.string(),
      issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    }),
  })
  .openapi("Error");

export function json<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { "application/json": { schema } } };
}

/** For OpenAPI: every refusal has the same body. Handlers throw them, so no handler returns one. */
export const refusals = {
  default: { description: "A refusal", content: { "application/json": { schema: errorBody } } },
};

export const bearerKey = "bearerKey";
export const accessLogin = "cloudflareAccess";
export const adminToken = "adminToken";

/** OpenAPI: either of the two is enough. */
export const signedIn = [{ [bearerKey]: [] }, { [accessLogin]: [] }];
