import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { call, json, newAccount } from "../stack/product.ts";
import type { Account } from "../stack/product.ts";

const path = "/api/v1/schedules";
const body = {
  name: "Morning poem",
  graphId: "langgraph:poet",
  message: "Write a poem.",
  cron: "0 9 * * 1-5",
  timezone: "Europe/Berlin",
};
type Body = Record<string, unknown>;

async function make(as: Account, changes: Body = {}): Promise<Body & { scheduleId: string }> {
  const response = await call("POST", path, { as, body: { ...body, ...changes } });
  expect(response.status).toBe(201);
  return json(response);
}

async function refusal(response: Response): Promise<[number, string, string | undefined]> {
  const { error } = await json<{ error: { code: string; issues?: { path: string }[] } }>(response);
  return [response.status, error.code, error.issues?.[0]?.path];
}

async function keyWith(as: Account, scopes: string[]): Promise<Account> {
  const response = await call("POST", "/api/v1/keys", { as, body: { label: "narrow", scopes } });
  const { secret } = await json<{ secret: string }>(response);
  return { accountId: as.accountId, authorization: `Bearer ${secret}` };
}

describe("making a schedule", () => {
  it("answers with its terms and its next five times", async () => {
    const as = await newAccount();
    const made = await make(as);
    expect(made).toMatchObject({
      ...body,
      scheduleId: expect.stringMatching(/^sch_/),
      model: null,
      configurable: {},
      toolIds: null,
      limits: {},
      overlap: "skip",
      catchUp: "one",
      enabled: true,
      lastRunAt: null,
      lastStatus: null,
      pausedReason: null,
      missedSlots: 0,
    });
    const { nextRuns, nextRunAt } = made as { nextRuns?: string[]; nextRunAt?: string };
    expect(nextRuns).toHaveLength(5);
    expect(nextRuns?.[0]).toBe(nextRunAt);
    expect(new Set(nextRuns).size).toBe(5);
    expect(nextRuns?.every((at) => /T0[78]:00:00\.000Z$/.test(at))).toBe(true);
    const read = await call("GET", `${path}/${made.scheduleId}`, { as });
    expect(await json(read)).toEqual(made);
  });

  it.each([
    ["six fields", { cron: "0 0 9 * * *" }, "cron"],
    ["a date that never comes", { cron: "0 0 30 2 *" }, "cron"],
    ["an unknown time zone", { timezone: "Mars/Olympus" }, "timezone"],
    ["an unknown model", { model: "no/such" }, "model"],
    [
      "an unknown node",
      { configurable: { nobody__model: "fake/model" } },
      "configurable.nobody__model",
    ],
    ["an unknown policy", { overlap: "queue" }, "overlap"],
    ["a field that is not known", { billingAccountId: "acct_x" }, "billingAccountId"],
    ["a blank message", { message: " " }, "message"],
  ])("is refused with %s", async (_what, changes, at) => {
    const as = await newAccount();
    const response = await call("POST", path, { as, body: { ...body, ...changes } });
    expect(await refusal(response)).toEqual([400, "invalid_request", at]);
  });

  it("is 404 for an unknown graph and 402 without credit", async () => {
    const as = await newAccount();
    const unknown = await call("POST", path, { as, body: { ...body, graphId: "langgraph:gone" } });
    expect((await refusal(unknown)).slice(0, 2)).toEqual([404, "not_found"]);
    const poor = await newAccount(0);
    const refused = await call("POST", path, { as: poor, body });
    expect((await refusal(refused)).slice(0, 2)).toEqual([402, "insufficient_credits"]);
  });
});

describe("the list", () => {
  it("pages through the account's own schedules, newest first", async () => {
    const [as, other] = [await newAccount(), await newAccount()];
    await make(other);
    const made = [await make(as, { name: "a" }), await make(as, { name: "b" }), await make(as)];
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const at: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const response = await call("GET", `${path}?limit=2${at}`, { as });
      const page: { items: { scheduleId: string }[]; nextCursor: string | null } =
        await json(response);
      seen.push(...page.items.map(({ scheduleId }) => scheduleId));
      cursor = page.nextCursor;
    }
    expect(seen).toHaveLength(3);
    expect(new Set(seen)).toEqual(new Set(made.map(({ scheduleId }) => scheduleId)));
    const bad = await call("GET", `${path}?cursor=x`, { as });
    expect((await refusal(bad)).slice(0, 2)).toEqual([400, "invalid_request"]);
  });
});

describe("changing a schedule", () => {
  it("recomputes the next time with a new cron, and keeps it with a new name", async () => {
    const as = await newAccount();
    const made = await make(as);
    const patch = async (changes: Body) =>
      json(await call("PATCH", `${path}/${made.scheduleId}`, { as, body: changes }));
    const renamed = await patch({ name: "Evening poem" });
    expect(renamed).toMatchObject({ name: "Evening poem", nextRunAt: made["nextRunAt"] });
    const moved = await patch({ cron: "0 21 * * *" });
    expect(moved).toMatchObject({ cron: "0 21 * * *", name: "Evening poem" });
    expect(moved["nextRunAt"]).toMatch(/T(19|20):00:00\.000Z$/);
  });

  it("stops it, and starting it again clears the reason of its pause", async () => {
    const as = await newAccount();
    const { scheduleId } = await make(as);
    const url = `${path}/${scheduleId}`;
    const stopped = await json(await call("PATCH", url, { as, body: { enabled: false } }));
    expect(stopped).toMatchObject({ enabled: false, nextRunAt: null, nextRuns: [] });
    await env.DB.prepare("UPDATE schedules SET paused_reason = 'No credit.' WHERE id = ?1")
      .bind(scheduleId)
      .run();
    const paused = await json(await call("GET", url, { as }));
    expect(paused).toMatchObject({ pausedReason: "No credit." });
    const started = await json(await call("PATCH", url, { as, body: { enabled: true } }));
    expect(started).toMatchObject({ enabled: true, pausedReason: null });
    expect(Date.parse(String(started["nextRunAt"]))).toBeGreaterThan(Date.now());
  });

  it("refuses what could not run", async () => {
    const as = await newAccount();
    const { scheduleId } = await make(as);
    const patch = (changes: Body) => call("PATCH", `${path}/${scheduleId}`, { as, body: changes });
    expect(await refusal(await patch({ cron: "61 * * * *" }))).toEqual([
      400,
      "invalid_request",
      "cron",
    ]);
    expect(await refusal(await patch({ model: "no/such" }))).toEqual([
      400,
      "invalid_request",
      "model",
    ]);
    expect((await refusal(await patch({ graphId: "x:y" })))[0]).toBe(404);
    expect(await refusal(await patch({ missedSlots: 0 }))).toEqual([
      400,
      "invalid_request",
      "missedSlots",
    ]);
  });
});

describe("a run by hand", () => {
  it("is a run of the schedule without a slot, once for each idempotency key", async () => {
    const as = await newAccount();
    const { scheduleId } = await make(as);
    const runNow = (key: string) =>
      call("POST", `${path}/${scheduleId}/run`, { as, headers: { "idempotency-key": key } });
    const first = await runNow("k1");
    expect(first.status).toBe(201);
    const run = await json<{ runId: string }>(first);
    expect(run).toMatchObject({
      runId: expect.stringMatching(/^run_/),
      trigger: "schedule",
      scheduleId,
      scheduledFor: null,
    });
    const again = await runNow("k1");
    expect([again.status, (await json(again))["runId"]]).toEqual([200, run.runId]);
    expect((await json(await runNow("k2")))["runId"]).not.toBe(run.runId);
    const list = await json<{ items: Body[] }>(
      await call("GET", `${path}/${scheduleId}/runs`, { as }),
    );
    expect(list.items).toHaveLength(2);
    expect(list.items.every((item) => item["scheduleId"] === scheduleId)).toBe(true);
    const { lastRunAt, lastStatus } = await json(
      await call("GET", `${path}/${scheduleId}`, { as }),
    );
    expect([typeof lastRunAt, typeof lastStatus]).toEqual(["string", "string"]);
  });

  it("needs credit", async () => {
    const as = await newAccount(1);
    const { scheduleId } = await make(as);
    const response = await call("POST", `${path}/${scheduleId}/run`, { as });
    expect((await refusal(response)).slice(0, 2)).toEqual([402, "insufficient_credits"]);
  });
});

describe("a preview", () => {
  it("shows the next five times and makes nothing", async () => {
    const as = await newAccount();
    const wish = { cron: "*/15 * * * *", timezone: "UTC" };
    const response = await call("POST", `${path}/preview`, { as, body: wish });
    expect(response.status).toBe(200);
    expect((await json<{ nextRuns: string[] }>(response)).nextRuns).toHaveLength(5);
    const bad = await call("POST", `${path}/preview`, { as, body: { ...wish, cron: "@daily" } });
    expect(await refusal(bad)).toEqual([400, "invalid_request", "cron"]);
    const list = await json<{ items: Body[] }>(await call("GET", path, { as }));
    expect(list.items).toEqual([]);
  });
});

describe("who may", () => {
  const routes = [
    ["GET", ""],
    ["PATCH", ""],
    ["DELETE", ""],
    ["POST", "/run"],
    ["GET", "/runs"],
  ] as const;

  it("see another account's schedule: nobody, on any route", async () => {
    const [as, other] = [await newAccount(), await newAccount()];
    const { scheduleId } = await make(as);
    for (const [method, end] of routes) {
      const options = method === "PATCH" ? { as: other, body: { name: "mine" } } : { as: other };
      const response = await call(method, `${path}/${scheduleId}${end}`, options);
      expect([method, end, response.status]).toEqual([method, end, 404]);
      const unknown = await call(method, `${path}/sch_nonsense${end}`, options);
      expect([method, end, unknown.status]).toEqual([method, end, 404]);
    }
    expect((await call("GET", `${path}/${scheduleId}`, { as })).status).toBe(200);
  });

  it("change a schedule: only keys with schedules:write; read it: only with runs:read", async () => {
    const as = await newAccount();
    const { scheduleId } = await make(as);
    const [reader, writer] = [
      await keyWith(as, ["runs:read"]),
      await keyWith(as, ["schedules:write"]),
    ];
    for (const [method, end] of routes) {
      const options = method === "PATCH" ? { body: { name: "x" } } : {};
      const refused = method === "GET" ? writer : reader;
      const response = await call(method, `${path}/${scheduleId}${end}`, {
        ...options,
        as: refused,
      });
      expect([method, end, response.status]).toEqual([method, end, 403]);
    }
    expect((await call("POST", path, { as: reader, body })).status).toBe(403);
    expect((await call("GET", path, { as: writer })).status).toBe(403);
  });

  it("delete a schedule: its account, once", async () => {
    const as = await newAccount();
    const { scheduleId } = await make(as);
    expect((await call("DELETE", `${path}/${scheduleId}`, { as })).status).toBe(204);
    expect((await call("DELETE", `${path}/${scheduleId}`, { as })).status).toBe(404);
    expect((await call("GET", `${path}/${scheduleId}`, { as })).status).toBe(404);
  });
});
