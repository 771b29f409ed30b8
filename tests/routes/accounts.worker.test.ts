import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { createKey } from "../../src/auth/api-keys.ts";
import { newId } from "../../src/base/ids.ts";
import { addCredits } from "../../src/billing/credits.ts";
import {
  adminToken,
  bearer,
  errorCodeOf,
  grantedCredits,
  newTenant,
  now,
  openDoor,
  pepper,
  post,
  uncapped,
} from "./door.ts";
import type { ErrorBody } from "./door.ts";

const door = openDoor(env.DB);
const everyScope = ["runs:write", "runs:read", "schedules:write", "account:read"];

interface NewKey {
  keyId: string;
  secret: string;
}

describe("keys", () => {
  test("show their secret once, work, and stop working when revoked", async () => {
    const wanted = {
      label: "CI",
      scopes: ["account:read"],
      maxCredits: 500,
      maxCreditsPerDay: 50,
      expiresAt: "2027-01-01T00:00:00Z",
    };
    const made = await door.send("/api/v1/keys", post(wanted));
    expect(made.status).toBe(201);
    const { secret, ...key } = await made.json<NewKey>();
    expect(key).toEqual({
      keyId: expect.stringMatching(/^key_/),
      label: "CI",
      scopes: ["account:read"],
      maxCredits: 500,
      maxCreditsPerDay: 50,
      maxCreditsPerMonth: null,
      expiresAt: "2027-01-01T00:00:00.000Z",
      revokedAt: null,
      createdAt: new Date(now).toISOString(),
    });
    expect(secret).toMatch(new RegExp(`^rl_${key.keyId}_`));

    const account = await door.send("/api/v1/account", { headers: bearer(secret) });
    expect(await account.json()).toMatchObject({ accountId: "acct_demo" });
    const list = await (await door.send("/api/v1/keys?limit=100")).text();
    expect(list).toContain(key.keyId);
    expect(list).not.toContain(secret.slice(-43));
    const rows = await env.DB.prepare("SELECT * FROM virtual_keys WHERE id = ?1")
      .bind(key.keyId)
      .first();
    expect(JSON.stringify(rows)).not.toContain(secret.slice(-43));

    for (let round = 0; round < 2; round += 1) {
      const revoked = await door.send(`/api/v1/keys/${key.keyId}`, { method: "DELETE" });
      expect(revoked.status).toBe(204);
    }
    const refused = await door.send("/api/v1/account", { headers: bearer(secret) });
    expect(refused.status).toBe(401);
    expect(door.logged.join()).not.toContain(secret.slice(-43));
  });

  test("make keys only when they may do everything, without cap and end", async () => {
    const wanted = { label: "child", scopes: ["account:read"] };
    const send = (headers: Record<string, string>) =>
      door.send("/api/v1/keys", post(wanted, headers));
    const full = await newTenant(env.DB);
    const limited = [
      await newTenant(env.DB, ["account:read", "runs:read", "runs:write"]),
      await newTenant(env.DB, undefined, { maxCredits: 5 }),
      await newTenant(env.DB, undefined, { maxCreditsPerMonth: 5 }),
      await newTenant(env.DB, undefined, { expiresAt: now + 1_000 }),
    ];
    expect((await send(full.headers)).status).toBe(201);
    for (const { headers, keyId } of limited) {
      const refused = await send(headers);
      expect([refused.status, await errorCodeOf(refused)]).toEqual([403, "forbidden"]);
      const revoke = await door.send(`/api/v1/keys/${keyId}`, { method: "DELETE", headers });
      expect(revoke.status).toBe(403);
    }
  });

  test("cannot revoke the account's default key, which nobody sees", async () => {
    const tenant = await newTenant(env.DB);
    const row = await env.DB.prepare(
      "SELECT id FROM virtual_keys WHERE billing_account_id = ?1 AND is_default = 1",
    )
      .bind(tenant.accountId)
      .first<{ id: string }>();
    const path = `/api/v1/keys/${row?.id}`;
    const response = await door.send(path, { method: "DELETE", headers: tenant.headers });
    expect(response.status).toBe(404);
    const list = await door.send("/api/v1/keys", { headers: tenant.headers });
    expect((await list.json<{ items: NewKey[] }>()).items.map(({ keyId }) => keyId)).toEqual([
      tenant.keyId,
    ]);
  });

  test.each<[object, string]>([
    [{ scopes: everyScope }, "label"],
    [{ label: "x", scopes: [] }, "scopes"],
    [{ label: "x", scopes: ["admin"] }, "scopes.0"],
    [{ label: "x", scopes: everyScope, expiresAt: "2020-01-01T00:00:00Z" }, "expiresAt"],
    [{ label: "x", scopes: everyScope, expiresAt: "tomorrow" }, "expiresAt"],
    [{ label: "x", scopes: everyScope, maxCredits: -1 }, "maxCredits"],
    [{ label: "x", scopes: everyScope, maxCredits: "5" }, "maxCredits"],
    [{ label: "x", scopes: everyScope, maxCreditsPerDay: -1 }, "maxCreditsPerDay"],
    [{ label: "x", scopes: everyScope, maxCreditsPerMonth: 0.5 }, "maxCreditsPerMonth"],
    [{ label: "x", scopes: everyScope, isDefault: true }, "isDefault"],
    [{ label: "safe\u202Eetad", scopes: everyScope }, "label"],
    [{ label: "a\nb", scopes: everyScope }, "label"],
    ...["\u200B", "\u200E\u200F", "\u061C", "\u2060", "\uFEFF", "\u3164 \u00AD"].map(
      (label): [object, string] => [{ label, scopes: everyScope }, "label"],
    ),
  ])("refuse %j, naming the field", async (body, path) => {
    const response = await door.send("/api/v1/keys", post(body));
    expect(response.status).toBe(400);
    const { error } = await response.json<ErrorBody>();
    expect(error.issues?.map((issue) => issue.path)).toEqual([path]);
  });

  test("cannot be made where the deployment has no pepper to hash them with", async () => {
    const bare = openDoor(env.DB, { AUTH_MODE: "dev", API_KEY_PEPPER: "" });
    const response = await bare.send("/api/v1/keys", post({ label: "x", scopes: everyScope }));
    expect([response.status, await errorCodeOf(response)]).toEqual([503, "provider_unavailable"]);
  });

  test("come in pages that miss none", async () => {
    const tenant = await newTenant(env.DB);
    for (let index = 0; index < 4; index += 1) {
      await door.send(
        "/api/v1/keys",
        post({ label: `k${index}`, scopes: ["runs:read"] }, tenant.headers),
      );
    }
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const page: { items: NewKey[]; nextCursor: string | null } = await (
        await door.send(`/api/v1/keys?limit=2${query}`, { headers: tenant.headers })
      ).json();
      seen.push(...page.items.map(({ keyId }) => keyId));
      cursor = page.nextCursor;
    }
    expect(new Set(seen).size).toBe(5);
    expect(seen).toHaveLength(5);
  });
});

describe("a cursor", () => {
  const lists = [
    "/api/v1/keys",
    "/api/v1/account/ledger",
    "/api/v1/ai/runs",
    "/api/v1/ai/threads",
    "/api/v1/schedules",
    "/api/v1/activity/rows",
  ];

  test.each(["/api/v1/keys", "/api/v1/account/ledger"])(
    "of %s opens no other list",
    async (own) => {
      const { accountId, headers } = await newTenant(env.DB);
      await createKey(
        env.DB,
        { accountId, label: "b", scopes: [], ...uncapped, expiresAt: null },
        pepper,
        now,
      );
      const credit = { accountId, credits: 5, reason: "top_up", reference: "r" } as const;
      await addCredits({ db: env.DB, clock: { now: () => now } }, credit);
      const page = await door.send(`${own}?limit=1`, { headers });
      const { nextCursor } = await page.json<{ nextCursor: string }>();
      for (const path of lists) {
        const response = await door.send(`${path}?cursor=${nextCursor}`, { headers });
        expect([path, response.status]).toEqual([path, path === own ? 200 : 400]);
        if (path === own) continue;
        const { error } = await response.json<ErrorBody>();
        expect([error.code, error.issues?.[0]?.path]).toEqual(["invalid_request", "cursor"]);
      }
    },
  );
});

describe("the account", () => {
  test("shows its balance and its ledger", async () => {
    const tenant = await newTenant(env.DB);
    const account = await door.send("/api/v1/account", { headers: tenant.headers });
    expect(await account.json()).toEqual({
      accountId: tenant.accountId,
      name: "Tenant",
      balanceCredits: grantedCredits,
      heldCredits: 0,
      availableCredits: grantedCredits,
      caps: { day: null, month: null },
    });
    const ledger = await door.send("/api/v1/account/ledger", { headers: tenant.headers });
    expect(await ledger.json()).toEqual({
      items: [
        {
          entryId: expect.any(String),
          amountCredits: grantedCredits,
          balanceAfterCredits: grantedCredits,
          reason: "top_up",
          reference: "first-grant",
          createdAt: new Date(now).toISOString(),
        },
      ],
      nextCursor: null,
    });
  });

  test("of a person on this machine is made once, with 5 USD", async () => {
    for (let round = 0; round < 2; round += 1) {
      const response = await door.send("/api/v1/account");
      expect(await response.json()).toMatchObject({
        accountId: "acct_demo",
        balanceCredits: 50_000_000,
      });
    }
  });
});

describe("the operator", () => {
  const operator = bearer(adminToken);
  const accounts = "/api/v1/admin/accounts";

  async function openAccount(): Promise<string> {
    const response = await door.send(accounts, post({ name: "New" }, operator));
    expect(response.status).toBe(201);
    return (await response.json<{ accountId: string }>()).accountId;
  }

  test("opens an account, fills it once per reference and makes a key for it", async () => {
    const accountId = await openAccount();
    const credit = { credits: 500, reason: "top_up", reference: "invoice-1" };
    const path = `${accounts}/${accountId}/credits`;
    const first = await door.send(path, post(credit, operator));
    expect(first.status).toBe(200);
    expect(await first.json()).toMatchObject({ accountId, credits: 500, repeated: false });
    const second = await door.send(path, post(credit, operator));
    expect(await second.json()).toMatchObject({ repeated: true });
    for (const change of [{ credits: 501 }, { reason: "refund" }]) {
      const other = await door.send(path, post({ ...credit, ...change }, operator));
      expect([other.status, await errorCodeOf(other)]).toEqual([409, "conflict"]);
    }

    const wanted = post({ label: "first", scopes: everyScope }, operator);
    const made = await door.send(`${accounts}/${accountId}/keys`, wanted);
    expect(made.status).toBe(201);
    const { secret } = await made.json<NewKey>();
    const account = await door.send("/api/v1/account", { headers: bearer(secret) });
    expect(await account.json()).toMatchObject({ accountId, balanceCredits: 500 });
  });

  test("caps an account by day and by month, and takes the caps away again", async () => {
    const accountId = await openAccount();
    const path = `${accounts}/${accountId}/caps`;
    const wanted = post({ label: "first", scopes: everyScope }, operator);
    const made = await door.send(`${accounts}/${accountId}/keys`, wanted);
    const { secret } = await made.json<NewKey>();
    const shown = async () => {
      const account = await door.send("/api/v1/account", { headers: bearer(secret) });
      return (await account.json<{ caps: unknown }>()).caps;
    };
    const put = (body: unknown) => door.send(path, { ...post(body, operator), method: "PUT" });
    const caps = { maxCreditsPerDay: 500, maxCreditsPerMonth: 9_000 };
    const set = await put(caps);
    expect([set.status, await set.json()]).toEqual([200, caps]);
    expect(await shown()).toEqual({
      day: { maxCredits: 500, chargedCredits: 0 },
      month: { maxCredits: 9_000, chargedCredits: 0 },
    });
    expect((await put({ maxCreditsPerDay: null, maxCreditsPerMonth: null })).status).toBe(200);
    expect(await shown()).toEqual({ day: null, month: null });
    for (const bad of [{}, { ...caps, maxCreditsPerDay: -1 }, { ...caps, maxCreditsPerWeek: 1 }])
      expect((await put(bad)).status).toBe(400);
    // The account's own keys do not get to its caps.
    const own = { ...post(caps, bearer(secret)), method: "PUT" };
    expect((await door.send(path, own)).status).toBe(401);
  });

  test("cannot do anything for an account that does not exist", async () => {
    const path = `${accounts}/${newId("account")}`;
    const credit = { credits: 5, reason: "top_up", reference: "r" };
    expect((await door.send(`${path}/credits`, post(credit, operator))).status).toBe(404);
    const key = { label: "x", scopes: everyScope };
    expect((await door.send(`${path}/keys`, post(key, operator))).status).toBe(404);
    const caps = post({ maxCreditsPerDay: null, maxCreditsPerMonth: null }, operator);
    expect((await door.send(`${path}/caps`, { ...caps, method: "PUT" })).status).toBe(404);
  });

  test.each([
    { credits: 0, reason: "top_up", reference: "r" },
    { credits: 0, reason: "correction", reference: "r" },
    { credits: -5, reason: "top_up", reference: "r" },
    { credits: -5, reason: "refund", reference: "r" },
    { credits: 1.5, reason: "top_up", reference: "r" },
    { credits: "5", reason: "top_up", reference: "r" },
    { credits: 1e15, reason: "top_up", reference: "r" },
    { credits: 2 ** 53, reason: "top_up", reference: "r" },
    { credits: 5, reason: "gift", reference: "r" },
    { credits: 5, reason: "top_up", reference: "" },
    { credits: 5, reason: "top_up" },
    { credits: 5, reason: "top_up", reference: "r", receiptId: "rcpt_x" },
  ])("is refused %j", async (credit) => {
    const accountId = await openAccount();
    const response = await door.send(`${accounts}/${accountId}/credits`, post(credit, operator));
    expect([response.status, await errorCodeOf(response)]).toEqual([400, "invalid_request"]);
  });

  test("takes nothing from an account for a receipt that is not its own", async () => {
    const accountId = await openAccount();
    const refund = { credits: 5, reason: "refund", reference: "r", receiptId: newId("receipt") };
    const response = await door.send(`${accounts}/${accountId}/credits`, post(refund, operator));
    expect([response.status, await errorCodeOf(response)]).toEqual([404, "not_found"]);
  });

  test("has no door in a deployment without the secret, whatever is sent", async () => {
    const without = openDoor(env.DB, { AUTH_MODE: "dev", ADMIN_TOKEN: "" });
    for (const headers of [{}, operator, bearer("undefined"), bearer("null")]) {
      const response = await without.send(accounts, post({ name: "x" }, headers));
      expect([response.status, await errorCodeOf(response)]).toEqual([404, "not_found"]);
    }
  });

  test("is not the operator with another token, a tenant's key or none", async () => {
    const tenant = await newTenant(env.DB);
    const headers = [{}, tenant.headers, bearer(`${adminToken}x`), bearer(adminToken.slice(1))];
    for (const wrong of headers) {
      const response = await door.send(accounts, post({ name: "x" }, wrong));
      expect([response.status, await errorCodeOf(response)]).toEqual([401, "unauthenticated"]);
    }
  });

  test("has no tenant's rights: the token opens no account", async () => {
    expect((await door.send("/api/v1/account", { headers: operator })).status).toBe(401);
  });
});

describe("threads", () => {
  async function thread(accountId: string, title: string, trigger = "chat"): Promise<string> {
    const threadId = newId("thread");
    await env.DB.prepare("INSERT INTO threads VALUES(?1, ?2, ?3, ?4, ?4, ?5)")
      .bind(threadId, accountId, title, now, trigger)
      .run();
    await env.DB.prepare("INSERT INTO messages VALUES(?1, ?2, ?3, ?4, 'user', 'hello')")
      .bind(threadId, now, newId("message"), newId("run"))
      .run();
    return threadId;
  }

  test("are listed, found by a part of their title, read and deleted", async () => {
    const tenant = await newTenant(env.DB);
    const { headers } = tenant;
    const sea = await thread(tenant.accountId, "The sea 100%");
    await thread(tenant.accountId, "The hill");
    const titles = async (q: string) => {
      const response = await door.send(`/api/v1/ai/threads${q}`, { headers });
      const { items } = await response.json<{ items: { title: string }[] }>();
      return items.map(({ title }) => title).toSorted();
    };
    expect(await titles("")).toEqual(["The hill", "The sea 100%"]);
    expect(await titles("?q=SEA")).toEqual(["The sea 100%"]);
    expect(await titles("?q=%25")).toEqual(["The sea 100%"]);

    const read = await door.send(`/api/v1/ai/threads/${sea}`, { headers });
    expect(await read.json()).toEqual({
      threadId: sea,
      title: "The sea 100%",
      createdAt: new Date(now).toISOString(),
      updatedAt: new Date(now).toISOString(),
      messages: [
        {
          messageId: expect.stringMatching(/^msg_/),
          role: "user",
          content: "hello",
          runId: expect.stringMatching(/^run_/),
          createdAt: new Date(now).toISOString(),
        },
      ],
    });
    await thread(tenant.accountId, "The sea at nine", "schedule");
    expect(await titles("?q=sea")).toEqual(["The sea 100%"]);
    expect(await titles("?q=sea&include=scheduled")).toEqual(["The sea 100%", "The sea at nine"]);
    for (const query of ["include=all", "q=%00", "q=sea%00"]) {
      const refused = await door.send(`/api/v1/ai/threads?${query}`, { headers });
      expect([query, refused.status]).toEqual([query, 400]);
    }

    const remove = () => door.send(`/api/v1/ai/threads/${sea}`, { method: "DELETE", headers });
    expect((await remove()).status).toBe(204);
    expect((await remove()).status).toBe(404);
    expect((await door.send(`/api/v1/ai/threads/${sea}`, { headers })).status).toBe(404);
  });
});

describe("activity", () => {
  test("of an account without any is zero, and its file has only a header", async () => {
    const { headers } = await newTenant(env.DB);
    const response = await door.send("/api/v1/activity?timeZone=Europe/Berlin", { headers });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      step: "1d",
      totals: { chargedCredits: 0, runs: 0, calls: 0, inputTokens: 0, outputTokens: 0 },
      series: [],
    });
    const rows = await door.send("/api/v1/activity/rows", { headers });
    expect(await rows.json()).toEqual({ items: [], nextCursor: null });
    const csv = await door.send("/api/v1/activity.csv?from=2026-11-01&to=2026-12-01", { headers });
    expect(csv.headers.get("content-type")).toMatch(/^text\/csv/);
    expect((await csv.text()).trimEnd().split("\r\n")).toHaveLength(1);
  });

  test.each([
    ["from=2026-10-01", "2026-10-01T00:00:00.000Z", new Date(now).toISOString()],
    ["to=2026-10-08T06:00:00Z", "2026-10-01T06:00:00.000Z", "2026-10-08T06:00:00.000Z"],
  ])("with one end, ?%s, is until now or the seven days before", async (query, from, to) => {
    const { headers } = await newTenant(env.DB);
    const response = await door.send(`/api/v1/activity?${query}`, { headers });
    expect(await response.json()).toMatchObject({ from, to });
  });

  test.each([
    "from=yesterday",
    "from=2027-01-01",
    "from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z",
    "from=2000-01-01&to=2026-01-01&step=1h",
    "step=5m",
    "groupBy=prompt",
    "timeZone=Mars/Olympus",
    "trigger=magic",
  ])("refuses ?%s", async (query) => {
    const response = await door.send(`/api/v1/activity?${query}`);
    expect([response.status, await errorCodeOf(response)]).toEqual([400, "invalid_request"]);
  });
});

describe("discovery", () => {
  test("lists graphs and models with their defaults, and touches no run", async () => {
    door.runs.touched.length = 0;
    const agents = await door.send("/api/v1/ai/agents");
    expect(await agents.json()).toEqual({
      agents: [
        {
          agentId: "langgraph:poet",
          graphId: "langgraph:poet",
          name: "Poet",
          description: "Writes a poem",
          toolIds: ["core__current_time"],
          nodeKeys: ["poet"],
          interrupts: false,
        },
      ],
      defaultAgentId: "langgraph:poet",
    });
    const models = await door.send("/api/v1/ai/models");
    expect(await models.json()).toEqual({
      models: [
        {
          id: "demo/small",
          name: "Demo",
          provider: "demo",
          free: false,
          inputUsdPerMTok: "0.10",
          outputUsdPerMTok: "0.40",
          contextTokens: 8_000,
        },
      ],
      defaultModelId: "demo/small",
    });
    expect(door.runs.touched).toEqual([]);
  });
});
