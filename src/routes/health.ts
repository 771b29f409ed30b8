import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { AppEnv } from "./app-env.ts";
import { json } from "./schemas.ts";

const health = createRoute({
  method: "get",
  path: "/api/v1/health",
  summary: "Whether the Worker answers",
  security: [],
  responses: { 200: json(z.object({ ok: z.literal(true), version: z.string() }), "It does") },
});

export const healthRoutes = new OpenAPIHono<AppEnv>().openapi(health, (c) =>
  c.json({ ok: true as const, version: c.get("deps").version }, 200),
);
