import { createMiddleware } from "hono/factory";
import { secureHeaders } from "hono/secure-headers";
import { newId } from "../base/ids.ts";
import type { AppEnv } from "./app-env.ts";

const safeToken = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Correlation only. A client's own id is kept when it cannot carry anything else into logs and headers. Static files are
 * answered before the Worker and have none.
 */
export const requestId = createMiddleware<AppEnv>(async (c, next) => {
  const given = c.req.header("x-request-id");
  const id = given !== undefined && safeToken.test(given) ? given : newId("request");
  c.set("requestId", id);
  await next();
  c.res.headers.set("x-request-id", id);
});

/** Answers are about one account and about now. */
export const neverStored = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  c.res.headers.set("cache-control", "no-store");
  // A promise for a whole host name, so it is never made over plain HTTP, where it could not be kept.
  if (new URL(c.req.url).protocol === "https:") {
    c.res.headers.set("strict-transport-security", "max-age=31536000; includeSubDomains");
  }
});

/** Only our own scripts and styles, nothing inline, no frames, no other hosts; no CORS header exists anywhere. */
export const strictHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", "data:"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
  },
  xFrameOptions: "DENY",
  strictTransportSecurity: false,
});
