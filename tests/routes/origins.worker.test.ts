import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { newId } from "../../src/base/ids.ts";
import { closeCodeOf, errorCodeOf, home, newTenant, openDoor, post } from "./door.ts";

const door = openDoor(env.DB, { AUTH_MODE: "dev", ALLOWED_ORIGINS: "https://console.example" });
const wish = { graphId: "langgraph:poet", message: "hi" };

const foreign = [
  "null",
  "https://evil.example",
  "http://localhost:8788",
  "http://localhost",
  "https://localhost:8787",
  "http://localhost:8787.evil.com",
  "http://127.0.0.1:8787",
];

async function startRun(headers: Record<string, string> = {}) {
  const response = await door.send("/api/v1/ai/runs", post(wish, headers));
  return (await response.json<{ runId: string }>()).runId;
}

describe("writes with a credential that a browser adds by itself", () => {
  test.each(foreign)("are refused from the origin %s", async (origin) => {
    const response = await door.send("/api/v1/ai/runs", post(wish, { origin }));
    expect([response.status, await errorCodeOf(response)]).toEqual([403, "forbidden"]);
  });

  test.each(["cross-site", "same-site"])("are refused when the browser says %s", async (site) => {
    const headers = { origin: home, "sec-fetch-site": site };
    const response = await door.send("/api/v1/ai/runs", post(wish, headers));
    expect(response.status).toBe(403);
  });

  test.each([home, "https://console.example", undefined])("are taken from %s", async (origin) => {
    const headers = origin === undefined ? {} : { origin, "sec-fetch-site": "same-origin" };
    const response = await door.send("/api/v1/ai/runs", post(wish, headers));
    expect(response.status).toBe(201);
  });

  test("are refused as what a form can send", async () => {
    const types = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"];
    for (const type of [...types, "application/jsonp", "text/json"]) {
      const response = await door.send("/api/v1/ai/runs", post(wish, { "content-type": type }));
      expect([type, response.status, await errorCodeOf(response)]).toEqual([
        type,
        400,
        "invalid_request",
      ]);
    }
    const untyped = { method: "POST", body: new TextEncoder().encode(JSON.stringify(wish)) };
    expect((await door.send("/api/v1/ai/runs", untyped)).status).toBe(400);
  });

  test("need no content type when they have no body", async () => {
    const runId = await startRun();
    const response = await door.send(`/api/v1/ai/runs/${runId}/cancel`, { method: "POST" });
    expect(response.status).toBe(202);
  });

  test("are not judged by origin when a key was sent on purpose", async () => {
    const tenant = await newTenant(env.DB);
    const headers = { ...tenant.headers, origin: "https://customer.example" };
    expect((await door.send("/api/v1/ai/runs", post(wish, headers))).status).toBe(201);
  });
});

describe("sockets", () => {
  const upgrade = { upgrade: "websocket", connection: "Upgrade" };
  const open = (runId: string, headers: Record<string, string>) =>
    door.send(`/api/v1/ai/runs/${runId}/socket`, { headers: { ...upgrade, ...headers } });

  test.each(foreign)(
    "are refused to the origin %s before any object is touched",
    async (origin) => {
      const runId = await startRun();
      const tenant = await newTenant(env.DB);
      door.runs.touched.length = 0;
      for (const headers of [{ origin }, { origin, ...tenant.headers }]) {
        const response = await open(runId, headers);
        expect([response.status, await errorCodeOf(response)]).toEqual([403, "forbidden"]);
      }
      expect(door.runs.touched).toEqual([]);
    },
  );

  test.each([home, "https://console.example", undefined])("open for %s", async (origin) => {
    const runId = await startRun();
    const response = await open(runId, origin === undefined ? {} : { origin });
    expect(response.status).toBe(101);
    response.webSocket?.accept();
    response.webSocket?.close();
  });

  test("without an upgrade are 426", async () => {
    const response = await door.send(`/api/v1/ai/runs/${await startRun()}/socket`);
    expect([response.status, await errorCodeOf(response)]).toEqual([426, "upgrade_required"]);
  });

  test("close with 4401 when nobody is signed in", async () => {
    const runId = await startRun();
    const wrong = { authorization: "Bearer wrong" };
    expect(await closeCodeOf(await open(runId, wrong))).toBe(4401);
    const shut = openDoor(env.DB, {});
    const path = `/api/v1/ai/runs/${runId}/socket`;
    expect(await closeCodeOf(await shut.send(path, { headers: upgrade }))).toBe(4401);
  });

  test("close with 4404 for an unknown, malformed or foreign run", async () => {
    const stranger = await newTenant(env.DB);
    const runId = await startRun();
    door.runs.touched.length = 0;
    expect(await closeCodeOf(await open(runId, stranger.headers))).toBe(4404);
    expect(await closeCodeOf(await open(newId("run"), {}))).toBe(4404);
    expect(await closeCodeOf(await open("nonsense", {}))).toBe(4404);
    expect(door.runs.touched).toEqual([]);
  });

  test("close with 4410 when the run is over and its object has forgotten it", async () => {
    const runId = await startRun();
    await env.DB.prepare("UPDATE graph_runs SET status = 'success', finished_at = 1 WHERE id = ?1")
      .bind(runId)
      .run();
    door.runs.viewerAnswer = () => new Response("gone", { status: 404 });
    expect(await closeCodeOf(await open(runId, {}))).toBe(4410);
    const events = await door.send(`/api/v1/ai/runs/${runId}/events`);
    expect([events.status, await errorCodeOf(events)]).toEqual([410, "gone"]);
    door.runs.viewerAnswer = null;
  });

  test("close with 4410 when the object says that its events were purged, whatever D1 says", async () => {
    const runId = await startRun();
    door.runs.viewerAnswer = () => new Response("gone", { status: 410 });
    expect(await closeCodeOf(await open(runId, {}))).toBe(4410);
    door.runs.viewerAnswer = null;
  });

  test("tell the object whose they are, and bring it no credential", async () => {
    const tenant = await newTenant(env.DB);
    const runId = await startRun(tenant.headers);
    const forged = {
      ...tenant.headers,
      "x-runledger-account": "acct_demo",
      cookie: "session=1",
      "last-event-id": "3",
    };
    await door.send(`/api/v1/ai/runs/${runId}/events?after=2`, { headers: forged });
    const seen = door.runs.watched.at(-1);
    expect(new URL(seen?.url ?? "").search).toBe("?after=2");
    expect(Object.fromEntries(seen?.headers ?? [])).toEqual({
      "x-runledger-account": tenant.accountId,
      "x-runledger-may-write": "1",
      "last-event-id": "3",
    });
  });
});

describe("headers of every answer", () => {
  test.each(["/api/v1/health", "/api/v1/account", "/api/v1/nothing", "/"])(
    "on %s",
    async (path) => {
      const { headers } = await door.send(path, { headers: { origin: "https://evil.example" } });
      const policy = headers.get("content-security-policy") ?? "";
      for (const rule of [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ]) {
        expect(policy.split("; ")).toContain(rule);
      }
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("strict-transport-security")).toBeNull();
      expect(headers.get("x-request-id")).toMatch(/^req_/);
      expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    },
  );

  test("promise HTTPS only over HTTPS", async () => {
    const { headers } = await door.send("https://runledger.example/api/v1/health");
    expect(headers.get("strict-transport-security")).toMatch(/max-age=\d+/);
  });

  test("keep a client's request id only when it is a short plain token", async () => {
    const idFor = async (id: string) =>
      (await door.send("/api/v1/health", { headers: { "x-request-id": id } })).headers.get(
        "x-request-id",
      );
    expect(await idFor("trace-1.A_b")).toBe("trace-1.A_b");
    for (const bad of ["a b", "<script>", "x".repeat(65), '"', "a,b"]) {
      expect(await idFor(bad)).toMatch(/^req_/);
    }
  });

  test("an answer to OPTIONS grants nothing", async () => {
    const response = await door.send("/api/v1/ai/runs", {
      method: "OPTIONS",
      headers: { origin: "https://evil.example", "access-control-request-method": "POST" },
    });
    expect(response.status).toBe(404);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });
});
