import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { createKey, revokeKey } from "../../src/auth/api-keys.ts";
import { newId } from "../../src/base/ids.ts";
import {
  closeCodeOf,
  errorCodeOf,
  newTenant,
  now,
  openDoor,
  pepper,
  post,
  uncapped,
} from "./door.ts";
import { insertRun } from "./fake-runs.ts";
import { filled, mountedRoutes } from "./route-table.ts";

const door = openDoor(env.DB);
const closed = openDoor(env.DB, {});
const health = "/api/v1/health";
const routes = mountedRoutes(door).filter(({ path }) => path !== health);
const randomIds = () => ({
  runId: newId("run"),
  threadId: newId("thread"),
  scheduleId: newId("schedule"),
  id: newId("schedule"),
  keyId: newId("key"),
  accountId: newId("account"),
});
const json = { "content-type": "application/json" };

/** Valid where the route asks for something before it looks at whose it is. */
function bodyFor(method: string, path: string): RequestInit {
  if (method === "GET" || method === "DELETE") return { method };
  return { method, headers: json, body: path.endsWith("/resume") ? '{"value":null}' : "{}" };
}

describe("without a credential that counts, every route is 401", () => {
  let revoked = "";
  let expired = "";
  let goodKey = "";

  beforeAll(async () => {
    const tenant = await newTenant(env.DB);
    goodKey = tenant.secret;
    const wanted = { accountId: tenant.accountId, label: "x", scopes: [], ...uncapped };
    const first = await createKey(env.DB, { ...wanted, expiresAt: null }, pepper, now);
    await revokeKey(env.DB, tenant.accountId, first.key.keyId, now);
    revoked = first.text;
    expired = (await createKey(env.DB, { ...wanted, expiresAt: now }, pepper, now)).text;
  });

  test.each(routes)("$method $path", async ({ method, path }) => {
    const address = filled(path, randomIds());
    const twoHeaders = new Headers(json);
    twoHeaders.append("authorization", `Bearer ${goodKey}`);
    twoHeaders.append("authorization", `Bearer ${goodKey}`);
    const wrongSecret = goodKey.slice(0, -1) + (goodKey.endsWith("A") ? "B" : "A");
    const init = bodyFor(method, path);
    const withHeader = (authorization: string) => ({
      ...init,
      headers: { ...json, authorization },
    });
    const attempts: [string, Promise<Response>][] = [
      ["no AUTH_MODE", closed.send(address, init)],
      ["no AUTH_MODE with a good key", closed.send(address, withHeader(`Bearer ${goodKey}`))],
      ["wrong key", door.send(address, withHeader(`Bearer ${wrongSecret}`))],
      ["revoked key", door.send(address, withHeader(`Bearer ${revoked}`))],
      ["expired key", door.send(address, withHeader(`Bearer ${expired}`))],
      ["SQL", door.send(address, withHeader("Bearer x' OR 1=1--"))],
      ["Basic", door.send(address, withHeader("Basic YTpi"))],
      ["two headers", door.send(address, { ...init, headers: twoHeaders })],
      ["key in the query", door.send(`${address}?api_key=${goodKey}`, init)],
      ["foreign host in dev mode", door.send(`http://localhost.evil.com${address}`, init)],
    ];
    for (const [name, attempt] of attempts) {
      const response = await attempt;
      expect([name, response.status, await errorCodeOf(response)]).toEqual([
        name,
        401,
        "unauthenticated",
      ]);
    }
  });

  test("an unknown address is 401 too, and so are the pages", async () => {
    for (const path of ["/api/v1/nothing", "/", "/account", "/.env"]) {
      expect((await closed.send(path)).status).toBe(401);
    }
  });

  test("health alone is open", async () => {
    const response = await closed.send(health);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ ok: true, version: "0.0.0-test" });
  });
});

describe("what belongs to another account", () => {
  test("is not found on every route that takes an id", async () => {
    const owner = await newTenant(env.DB);
    const stranger = await newTenant(env.DB);
    const started = await door.send(
      "/api/v1/ai/runs",
      post({ graphId: "langgraph:poet", message: "mine" }, owner.headers),
    );
    const { runId, threadId } = await started.json<{ runId: string; threadId: string }>();
    await env.DB.prepare("INSERT INTO threads VALUES(?1, ?2, 'mine', 0, 0, 'chat')")
      .bind(threadId, owner.accountId)
      .run();
    const scheduled = await door.send(
      "/api/v1/schedules",
      post(
        {
          name: "mine",
          graphId: "langgraph:poet",
          message: "hi",
          cron: "0 9 * * *",
          timezone: "UTC",
          overlap: "skip",
          catchUp: "none",
          enabled: true,
        },
        owner.headers,
      ),
    );
    expect(scheduled.status).toBe(201);
    const { scheduleId } = await scheduled.json<{ scheduleId: string }>();
    const ids = { runId, threadId, scheduleId, id: scheduleId, keyId: owner.keyId };

    const taking = routes.filter(({ path }) => path.includes(":") && !path.includes("/admin/"));
    expect(taking.length).toBeGreaterThan(8);
    door.runs.touched.length = 0;
    for (const { method, path } of taking) {
      const isSocket = path.endsWith("/socket");
      const address = filled(path, ids);
      if (isSocket) continue;
      const response = await door.send(address, {
        ...bodyFor(method, path),
        headers: { ...json, ...stranger.headers },
      });
      expect([method, path, response.status]).toEqual([method, path, 404]);
      expect(await errorCodeOf(response)).toBe("not_found");
    }
    expect(door.runs.touched).toEqual([]);
    const stillThere = await door.send(`/api/v1/ai/threads/${threadId}`, {
      headers: owner.headers,
    });
    expect(stillThere.status).toBe(200);
  });

  test("cannot be continued either: a foreign thread in a request reaches admission as this account's", async () => {
    const owner = await newTenant(env.DB);
    const threadId = newId("thread");
    await door.send(
      "/api/v1/ai/runs",
      post({ graphId: "langgraph:poet", message: "hi", threadId }, owner.headers),
    );
    expect(door.runs.started.at(-1)).toMatchObject({
      threadId,
      isNewThread: false,
      context: { billingAccountId: owner.accountId },
    });
  });
});

test("malformed ids are not found, and no object is made for them", async () => {
  const tenant = await newTenant(env.DB);
  const taking = routes.filter(({ path }) => path.includes(":") && !path.includes("/admin/"));
  door.runs.touched.length = 0;
  for (const bad of ["x", "run_", `run_${"0".repeat(25)}u`, "'%20OR%201=1--", "0".repeat(9_000)]) {
    const ids = { runId: bad, threadId: bad, scheduleId: bad, id: bad, keyId: bad };
    for (const { method, path } of taking) {
      if (path.endsWith("/socket")) continue;
      const headers = { ...json, ...tenant.headers };
      const response = await door.send(filled(path, ids), { ...bodyFor(method, path), headers });
      expect([method, path, bad.slice(0, 30), response.status]).toEqual([
        method,
        path,
        bad.slice(0, 30),
        404,
      ]);
    }
  }
  expect(door.runs.touched).toEqual([]);
});

describe("scopes", () => {
  const needs: [string, string, string][] = [
    ["POST", "/api/v1/ai/runs", "runs:write"],
    ["GET", "/api/v1/ai/runs", "runs:read"],
    ["GET", "/api/v1/ai/runs/:runId", "runs:read"],
    ["GET", "/api/v1/ai/runs/:runId/receipts", "runs:read"],
    ["GET", "/api/v1/ai/runs/:runId/calls", "runs:read"],
    ["GET", "/api/v1/ai/runs/:runId/events", "runs:read"],
    ["GET", "/api/v1/ai/runs/:runId/socket", "runs:read"],
    ["POST", "/api/v1/ai/runs/:runId/cancel", "runs:write"],
    ["POST", "/api/v1/ai/runs/:runId/resume", "runs:write"],
    ["POST", "/api/v1/ai/runs/:runId/retry", "runs:write"],
    ["GET", "/api/v1/ai/threads", "runs:read"],
    ["GET", "/api/v1/ai/threads/:threadId", "runs:read"],
    ["DELETE", "/api/v1/ai/threads/:threadId", "runs:write"],
    ["GET", "/api/v1/activity", "account:read"],
    ["GET", "/api/v1/activity/rows", "account:read"],
    ["GET", "/api/v1/activity.csv", "account:read"],
    ["GET", "/api/v1/account", "account:read"],
    ["GET", "/api/v1/account/ledger", "account:read"],
    ["GET", "/api/v1/keys", "account:read"],
    ["GET", "/api/v1/schedules", "runs:read"],
    ["POST", "/api/v1/schedules", "schedules:write"],
  ];
  const every = ["runs:write", "runs:read", "schedules:write", "account:read"] as const;

  test.each(needs)("%s %s needs %s and nothing else", async (method, path, scope) => {
    const others = every.filter((other) => other !== scope);
    const lacking = await newTenant(env.DB, others);
    const having = await newTenant(
      env.DB,
      every.filter((own) => own === scope),
    );
    const address = filled(path, randomIds());
    const send = (headers: Record<string, string>) =>
      door.send(address, { ...bodyFor(method, path), headers: { ...json, ...headers } });
    const refused = await send(lacking.headers);
    expect([refused.status, await errorCodeOf(refused)]).toEqual([403, "forbidden"]);
    expect((await send(having.headers)).status).not.toBe(403);
  });

  test("discovery is open to any key", async () => {
    const tenant = await newTenant(env.DB, ["account:read"]);
    for (const path of ["/api/v1/ai/agents", "/api/v1/ai/models", "/api/v1/openapi.json"]) {
      expect((await door.send(path, { headers: tenant.headers })).status).toBe(200);
    }
  });
});

test("an account that floods is slowed down with 429 and Retry-After, and others are not", async () => {
  const [loud, quiet] = [await newTenant(env.DB), await newTenant(env.DB)];
  const rate: RateLimit = {
    limit: ({ key }) => Promise.resolve({ success: key !== loud.keyId }),
  };
  const guarded = openDoor(env.DB, { AUTH_MODE: "dev" }, { rate });
  const refused = await guarded.send("/api/v1/ai/agents", { headers: loud.headers });
  expect([refused.status, await errorCodeOf(refused)]).toEqual([429, "rate_limit"]);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await guarded.send("/api/v1/ai/agents", { headers: quiet.headers })).status).toBe(200);
});

test("a skipped slot's run is shown without waking an object", async () => {
  const tenant = await newTenant(env.DB);
  await door.send(
    "/api/v1/ai/runs",
    post({ graphId: "langgraph:poet", message: "a" }, tenant.headers),
  );
  const start = door.runs.started.at(-1);
  if (start === undefined) throw new Error("nothing was started");
  const runId = newId("run");
  await insertRun(env.DB, { ...start, context: { ...start.context, runId } }, "skipped");
  door.runs.touched.length = 0;
  const response = await door.send(`/api/v1/ai/runs/${runId}`, { headers: tenant.headers });
  expect(await response.json()).toMatchObject({
    status: "skipped",
    books: { dispatches: 0, open: 0, closed: true },
    billing: "settled",
  });
  const ask = (path: string, init: RequestInit = {}) =>
    door.send(`/api/v1/ai/runs/${runId}/${path}`, { headers: tenant.headers, ...init });
  expect(await (await ask("calls")).json()).toEqual({ items: [] });
  const cancelled = await ask("cancel", { method: "POST" });
  expect([cancelled.status, await cancelled.json()]).toMatchObject([200, { status: "skipped" }]);
  const events = await ask("events");
  expect([events.status, await errorCodeOf(events)]).toEqual([410, "gone"]);
  const headers = { ...tenant.headers, upgrade: "websocket", connection: "Upgrade" };
  expect(await closeCodeOf(await ask("socket", { headers }))).toBe(4410);
  expect(door.runs.touched).toEqual([]);
});

test("the deployment's own flood guard lets an ordinary pace through", async () => {
  const { headers } = await newTenant(env.DB);
  if (env.API_RATE === undefined) throw new Error("wrangler.toml declares no API_RATE");
  const guarded = openDoor(env.DB, { AUTH_MODE: "dev" }, { rate: env.API_RATE });
  for (let round = 0; round < 20; round += 1) {
    expect((await guarded.send("/api/v1/ai/agents", { headers })).status).toBe(200);
  }
});
