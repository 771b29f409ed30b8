import type { Context, MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import type { JWTVerifyGetKey } from "jose";
import { isSameSecret } from "../auth/api-key-text.ts";
import { authenticate, isOpen } from "../auth/authenticate.ts";
import { readCredential } from "../auth/credential.ts";
import { isOwnOrigin, originRefusal } from "../auth/same-origin.ts";
import { ApiError } from "../base/errors.ts";
import type { Principal, Scope } from "../auth/principal.ts";
import type { AppEnv } from "./app-env.ts";
import { nothingHere } from "./error-response.ts";
import { isSocketUpgrade, refusedSocket } from "./refused-socket.ts";

const unauthenticated =
  "Sign in, or send `Authorization: Bearer <key>` with a key that is valid, once and not in the address.";

const healthPath = "/api/v1/health";
const operatorPath = /^\/api\/v1\/admin(?:\/|$)/;

type KeysOfTeam = (teamDomain: string) => JWTVerifyGetKey;

/** Deny by default: what is not health and not the operator's needs a Principal, whether or not it exists. */
export function requireCredential(accessKeys: KeysOfTeam): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { path } = c.req;
    if (path === healthPath) return next();
    if (operatorPath.test(path)) {
      admitOperator(c);
      return next();
    }
    const principal = await principalOf(c, accessKeys);
    if (principal === null) {
      if (isSocketUpgrade(c.req.raw)) return refusedSocket("unauthenticated");
      throw new ApiError("unauthenticated", unauthenticated);
    }
    await refuseFlood(c, principal);
    c.set("principal", principal);
    return next();
  };
}

/** The only maker of a Principal: everything behind this door knows who is calling. */
function principalOf(c: Context<AppEnv>, accessKeys: KeysOfTeam): Promise<Principal | null> {
  const { config, clock } = c.get("deps");
  return authenticate(c.req.raw, { config, accessKeys }, c.env.DB, clock.now());
}

/** The operator's door. Without ADMIN_TOKEN in the deployment it does not exist. */
function admitOperator(c: Context<AppEnv>): void {
  const { config } = c.get("deps");
  const url = new URL(c.req.url);
  const refused = new ApiError("unauthenticated", "Send `Authorization: Bearer <ADMIN_TOKEN>`.");
  if (!isOpen(config, url)) throw refused;
  if (config.adminToken === null) throw nothingHere();
  const credential = readCredential(c.req.raw.headers, url);
  if (credential.kind !== "bearer" || !isSameSecret(credential.token, config.adminToken)) {
    throw refused;
  }
}

/** Approximate and per location: it stops floods, while money is guarded by the lease. */
async function refuseFlood(c: Context<AppEnv>, { virtualKeyId }: Principal): Promise<void> {
  const outcome = await c.env.API_RATE?.limit({ key: virtualKeyId });
  if (outcome?.success !== false) return;
  throw new ApiError("rate_limit", "Too many requests at once. Slow down.", {
    retryAfterSeconds: 10,
  });
}

/**
 * Refuses what another site makes a browser send. Requests with a bearer key are exempt: no browser adds one by itself.
 * Sockets are checked with or without one, before anything else looks at them.
 */
export const sameOrigin = createMiddleware<AppEnv>(async (c, next) => {
  const { headers } = c.req.raw;
  const url = new URL(c.req.url);
  const { allowedOrigins } = c.get("deps").config;
  if (isSocketUpgrade(c.req.raw)) {
    if (!isOwnOrigin(headers, url, allowedOrigins)) throw foreignOrigin();
    return next();
  }
  const isSafe = c.req.method === "GET" || c.req.method === "HEAD" || c.req.method === "OPTIONS";
  const hasKey = readCredential(headers, url).kind === "bearer";
  if (!isSafe && !hasKey && originRefusal(headers, url, allowedOrigins) !== null) {
    throw foreignOrigin();
  }
  return next();
});

function foreignOrigin(): ApiError {
  return new ApiError(
    "forbidden",
    "This request came from another site. Use Runledger's own address, or have the operator add the site's to ALLOWED_ORIGINS.",
  );
}

export function requireScope(scope: Scope): MiddlewareHandler<AppEnv> {
  return createMiddleware<AppEnv>(async (c, next) => {
    if (!c.get("principal").scopes.has(scope)) {
      throw new ApiError(
        "forbidden",
        `This key lacks the scope ${scope}. Use one that has it, or make one on the account page.`,
      );
    }
    return next();
  });
}
