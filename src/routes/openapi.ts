import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { AppEnv } from "./app-env.ts";
import { accessLogin, adminToken, bearerKey, json, refusals, signedIn } from "./schemas.ts";

const describe = createRoute({
  method: "get",
  path: "/api/v1/openapi.json",
  summary: "This document",
  security: signedIn,
  responses: { 200: json(z.unknown(), "OpenAPI 3.1"), ...refusals },
});

/** The document of what is mounted on `app`, generated from the very schemas that validate its requests. */
export function openApiRoutes(app: OpenAPIHono<AppEnv>): OpenAPIHono<AppEnv> {
  registerSecuritySchemes(app);
  return new OpenAPIHono<AppEnv>().openapi(describe, (c) => {
    const document = app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: {
        title: "Runledger",
        version: c.get("deps").version,
        description:
          "Runs AI graphs and bills every model call exactly once. Times are ISO 8601 UTC; 10,000,000 credits are one US dollar.",
      },
    });
    return c.json(document, 200);
  });
}

function registerSecuritySchemes(app: OpenAPIHono<AppEnv>): void {
  const registry = app.openAPIRegistry;
  registry.registerComponent("securitySchemes", bearerKey, {
    type: "http",
    scheme: "bearer",
    description: "An API key, `rl_…`",
  });
  registry.registerComponent("securitySchemes", accessLogin, {
    type: "apiKey",
    in: "header",
    name: "Cf-Access-Jwt-Assertion",
    description: "Set by Cloudflare Access after sign-in",
  });
  registry.registerComponent("securitySchemes", adminToken, {
    type: "http",
    scheme: "bearer",
    description: "The operator's ADMIN_TOKEN",
  });
}
