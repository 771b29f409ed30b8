import { z, type OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { AppEnv } from "./app-env.ts";
import { validationError } from "./error-response.ts";

const emptyBody = z.strictObject({});

/**
 * Refuses fields where a route of `app` describes no body: they would be ignored without a word. None and `{}` are the
 * same. Expects sound JSON.
 */
export function emptyWhereNoneIsTaken(app: OpenAPIHono<AppEnv>): MiddlewareHandler<AppEnv> {
  // Routes are mounted after this and do not change once requests come in.
  let bodiless: ReadonlySet<string> | undefined;
  return async (c, next) => {
    if (c.req.method === "GET" || c.req.method === "HEAD") return next();
    bodiless ??= bodilessRoutes(app);
    const known = bodiless;
    if (!matchedRoutes(c).some(({ method, path }) => known.has(`${method} ${path}`))) return next();
    const text = await c.req.text();
    const parsed = emptyBody.safeParse(text === "" ? {} : JSON.parse(text));
    if (!parsed.success) throw validationError(parsed.error);
    return next();
  };
}

/** As Hono writes them: `POST /api/v1/ai/runs/:runId/cancel`. */
function bodilessRoutes(app: OpenAPIHono<AppEnv>): Set<string> {
  return new Set(
    app.openAPIRegistry.definitions.flatMap((definition) => {
      if (definition.type !== "route" || definition.route.request?.body !== undefined) return [];
      const { method, path } = definition.route;
      return [`${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`];
    }),
  );
}
