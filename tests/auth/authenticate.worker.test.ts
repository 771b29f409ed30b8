import { env } from "cloudflare:workers";
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { errorCodeOf, newTenant, now, openDoor, pepper, post } from "../routes/door.ts";
import type { Door } from "../routes/door.ts";

const teamDomain = "acme.cloudflareaccess.com";
const audience = "a".repeat(64);
const site = "https://app.acme.example";
const wish = { graphId: "langgraph:poet", message: "hi" };

let sign: (claims: Record<string, unknown>, wrong?: { audience?: string }) => Promise<string>;
let door: Door;

beforeAll(async () => {
  const pair = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: "k1", alg: "RS256" };
  sign = (claims, wrong = {}) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: "k1" })
      .setIssuer(`https://${teamDomain}`)
      .setAudience(wrong.audience ?? audience)
      .setExpirationTime(new Date(now + 60_000))
      .sign(pair.privateKey);
  door = openDoor(
    env.DB,
    { AUTH_MODE: "access", ACCESS_TEAM_DOMAIN: teamDomain, ACCESS_AUDIENCE: audience },
    { accessKeys: createLocalJWKSet({ keys: [jwk] }) },
  );
});

async function accountFor(token: string): Promise<string> {
  const headers = { "cf-access-jwt-assertion": token };
  const response = await door.send(`${site}/api/v1/account`, { headers });
  expect(response.status).toBe(200);
  return (await response.json<{ accountId: string }>()).accountId;
}

const ada = { sub: "user-ada", email: "ada@acme.example" };

describe("behind Cloudflare Access", () => {
  test("a person gets an account at first sight, without credit, and keeps it under a new email", async () => {
    const first = await accountFor(await sign(ada));
    const again = await accountFor(await sign({ ...ada, email: "ada.b@acme.example" }));
    expect(again).toBe(first);
    const headers = { "cf-access-jwt-assertion": await sign(ada) };
    const account = await door.send(`${site}/api/v1/account`, { headers });
    expect(await account.json()).toMatchObject({ name: ada.email, balanceCredits: 0 });
  });

  test("two first requests at once make one account", async () => {
    const token = await sign({ sub: "user-twice", email: "twice@acme.example" });
    const accounts = await Promise.all(Array.from({ length: 8 }, () => accountFor(token)));
    expect(new Set(accounts).size).toBe(1);
  });

  test("people and services have accounts of their own", async () => {
    const accounts = [
      await accountFor(await sign(ada)),
      await accountFor(await sign({ sub: "user-bob", email: ada.email })),
      await accountFor(await sign({ sub: "", common_name: "user-ada" })),
    ];
    expect(new Set(accounts).size).toBe(3);
  });

  test("a person's run is chat, a service's is api, and a service manages no keys", async () => {
    const service = {
      "cf-access-jwt-assertion": await sign({ sub: "", common_name: "ci.access" }),
    };
    const person = { "cf-access-jwt-assertion": await sign(ada) };
    for (const [headers, trigger] of [
      [service, "api"],
      [person, "chat"],
    ] as const) {
      await door.send(`${site}/api/v1/ai/runs`, post(wish, headers));
      expect(door.runs.started.at(-1)?.context.trigger).toBe(trigger);
    }
    const wanted = { label: "x", scopes: ["runs:read"] };
    const made = await door.send(`${site}/api/v1/keys`, post(wanted, person));
    expect(made.status).toBe(201);
    const refused = await door.send(`${site}/api/v1/keys`, post(wanted, service));
    expect(refused.status).toBe(403);
  });

  test("nobody is let in without a good assertion, on this machine either", async () => {
    const good = await sign(ada);
    const wrong = [
      {},
      { "cf-access-jwt-assertion": await sign(ada, { audience: "b".repeat(64) }) },
      { "cf-access-jwt-assertion": `${good}, ${good}` },
      { cookie: `CF_Authorization=${good}` },
      { authorization: `Bearer ${good}` },
      { "cf-access-jwt-assertion": good, authorization: "Bearer wrong" },
    ];
    for (const base of [site, "http://localhost:8787"]) {
      for (const headers of wrong) {
        const response = await door.send(`${base}/api/v1/account`, { headers });
        expect([response.status, await errorCodeOf(response)]).toEqual([401, "unauthenticated"]);
      }
    }
  });

  test("a write from another site is refused although Access let the browser in", async () => {
    const headers = { "cf-access-jwt-assertion": await sign(ada), origin: "https://evil.example" };
    const response = await door.send(`${site}/api/v1/ai/runs`, post(wish, headers));
    expect(response.status).toBe(403);
  });

  test("a key works beside the assertion that Access adds for its service token", async () => {
    const tenant = await newTenant(env.DB);
    const assertion = { "cf-access-jwt-assertion": await sign({ sub: "", common_name: "ci" }) };
    const headers = { ...tenant.headers, ...assertion };
    const response = await door.send(`${site}/api/v1/account`, { headers });
    expect(await response.json()).toMatchObject({ accountId: tenant.accountId });
  });
});

describe("dev mode", () => {
  const dev = openDoor(env.DB);

  test.each(["http://localhost:8787", "http://127.0.0.1:8787", "http://[::1]:8787"])(
    "acts as the demo account on %s",
    async (base) => {
      const response = await dev.send(`${base}/api/v1/account`);
      expect(await response.json()).toMatchObject({ accountId: "acct_demo" });
    },
  );

  test.each([
    "http://localhost.evil.com",
    "http://127.0.0.1.nip.io",
    "http://192.168.0.7:8787",
    "https://runledger.example",
  ])("lets nobody in on %s, with a good key or as operator either", async (base) => {
    const tenant = await newTenant(env.DB);
    for (const headers of [{}, tenant.headers]) {
      expect((await dev.send(`${base}/api/v1/account`, { headers })).status).toBe(401);
    }
    const operator = { authorization: "Bearer operator-token-for-tests" };
    const path = `${base}/api/v1/admin/accounts`;
    expect((await dev.send(path, post({ name: "x" }, operator))).status).toBe(401);
  });

  test("takes an Access assertion for a wrong credential, not for a missing one", async () => {
    const headers = { "cf-access-jwt-assertion": await sign(ada) };
    expect((await dev.send("/api/v1/account", { headers })).status).toBe(401);
  });
});

describe("a key", () => {
  test("made with another pepper opens nothing", async () => {
    const tenant = await newTenant(env.DB);
    const other = openDoor(env.DB, { AUTH_MODE: "dev", API_KEY_PEPPER: `${pepper}x` });
    const response = await other.send("/api/v1/account", { headers: tenant.headers });
    expect(response.status).toBe(401);
  });

  test("opens nothing where the deployment has no pepper", async () => {
    const variables = { ACCESS_TEAM_DOMAIN: teamDomain, ACCESS_AUDIENCE: audience };
    const bare = openDoor(env.DB, { AUTH_MODE: "access", API_KEY_PEPPER: "", ...variables });
    const tenant = await newTenant(env.DB);
    const response = await bare.send(`${site}/api/v1/account`, { headers: tenant.headers });
    expect(response.status).toBe(401);
  });
});
