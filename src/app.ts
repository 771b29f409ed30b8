import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import type { JWTVerifyGetKey } from "jose";
import { remoteAccessKeys } from "./auth/access.ts";
import { ApiError } from "./base/errors.ts";
import type { Env } from "./env.ts";
import { accountRoutes } from "./routes/account.ts";
import { activityRoutes } from "./routes/activity.ts";
import { adminRoutes } from "./routes/admin.ts";
import type { AppDeps, AppEnv } from "./routes/app-env.ts";
import { discoveryRoutes } from "./routes/discovery.ts";
import { requireCredential, sameOrigin } from "./routes/doors.ts";
import { emptyWhereNoneIsTaken } from "./routes/empty-body.ts";
import {
  errorResponse,
  notFoundResponse,
  tooLarge,
  validationError,
} from "./routes/error-response.ts";
import { goOnRoutes } from "./routes/go-on.ts";
import { healthRoutes } from "./routes/health.ts";
import { keyRoutes } from "./routes/keys.ts";
import { openApiRoutes } from "./routes/openapi.ts";
import { pageRoutes } from "./routes/pages.tsx";
import { bodyBytesMax, soundJson } from "./routes/request-body.ts";
import { neverStored, requestId, strictHeaders } from "./routes/response-headers.ts";
import { runRecordRoutes } from "./routes/run-records.ts";
import { runStreamRoutes } from "./routes/run-streams.ts";
import { runRoutes } from "./routes/runs.ts";
import { scheduleRoutes } from "./routes/schedules.ts";
import { startRunRoutes } from "./routes/start-run.ts";
import { threadRoutes } from "./routes/threads.ts";

export interface AppOptions {
  /** The signing keys of a Cloudflare Access team; fetched from the team's own address unless given. */
  accessKeys?: (teamDomain: string) => JWTVerifyGetKey;
}

/**
 * Every door of the Worker. The order is the security: headers on every answer, then another site's requests, then who
 * is calling, and only then the body.
 */
export function createApp(
  compose: (env: Env) => AppDeps,
  options: AppOptions = {},
): OpenAPIHono<AppEnv> {
  const depsOf = oncePerEnv(compose);
  const app = new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      if (result.target === "param")
        throw new ApiError("not_found", "There is nothing of this id.");
      throw validationError(result.error);
    },
  });
  app.onError((error, c) => errorResponse(error, c));
  app.notFound((c) => notFoundResponse(c));

  app.use(requestId, neverStored, strictHeaders);
  app.use(async (c, next) => {
    c.set("deps", depsOf(c.env));
    return next();
  });
  app.use(sameOrigin);
  app.use(requireCredential(oncePerTeam(options.accessKeys ?? remoteAccessKeys)));
  app.use(
    bodyLimit({
      maxSize: bodyBytesMax,
      onError: () => {
        throw tooLarge();
      },
    }),
    soundJson,
    emptyWhereNoneIsTaken(app),
  );

  for (const routes of [
    healthRoutes,
    startRunRoutes,
    runRoutes,
    goOnRoutes,
    runRecordRoutes,
    runStreamRoutes,
    discoveryRoutes,
    threadRoutes,
    scheduleRoutes,
    activityRoutes,
    accountRoutes,
    keyRoutes,
    adminRoutes,
  ]) {
    app.route("/", routes);
  }
  app.route("/", openApiRoutes(app));
  app.route("/", pageRoutes);
  return app;
}

/** Configuration is parsed once for the Worker's one environment; tests bring several. */
function oncePerEnv(compose: (env: Env) => AppDeps): (env: Env) => AppDeps {
  const made = new WeakMap<Env, AppDeps>();
  return (env) => {
    const known = made.get(env) ?? compose(env);
    made.set(env, known);
    return known;
  };
}

/** The key set caches what it fetched, so it must outlive the request. */
function oncePerTeam(
  accessKeys: (teamDomain: string) => JWTVerifyGetKey,
): (teamDomain: string) => JWTVerifyGetKey {
  const made = new Map<string, JWTVerifyGetKey>();
  return (teamDomain) => {
    const known = made.get(teamDomain) ?? accessKeys(teamDomain);
    made.set(teamDomain, known);
    return known;
  };
}
