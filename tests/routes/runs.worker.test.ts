import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { newId } from "../../src/base/ids.ts";
import { commitUsageFacts } from "../../src/billing/billing.ts";
import type { StartRefusal } from "../../src/ports/run.ts";
import { depsOf, makeFact } from "../billing/ledger-fixture.ts";
import { adminToken, bearer, errorCodeOf, newTenant, openDoor, post } from "./door.ts";
import type { ErrorBody } from "./door.ts";

const door = openDoor(env.DB);
const runsPath = "/api/v1/ai/runs";
const wish = { graphId: "langgraph:poet", message: "Write about the sea" };

interface Started {
  runId: string;
  threadId: string;
  links: Record<string, string>;
}

async function start(headers: Record<string, string> = {}, body: object = wish): Promise<Started> {
  const response = await door.send(runsPath, post(body, headers));
  expect(response.status).toBe(201);
  return response.json<Started>();
}

function lastStart() {
  const last = door.runs.started.at(-1);
  if (last === undefined) throw new Error("nothing was started");
  return last;
}

beforeEach(() => {
  door.runs.refusal = null;
});

describe("starting a run", () => {
  test("answers with the run and where to watch it", async () => {
    const started = await start();
    const self = `/api/v1/ai/runs/${started.runId}`;
    expect(started).toEqual({
      runId: lastStart().context.runId,
      threadId: lastStart().threadId,
      graphId: "langgraph:poet",
      status: "running",
      attempt: 0,
      links: {
        self,
        events: `${self}/events`,
        socket: `${self}/socket`,
        page: `/runs/${started.runId}`,
      },
    });
    expect(lastStart()).toMatchObject({
      messages: [{ role: "user", content: wish.message }],
      threadTitle: wish.message,
      isNewThread: true,
      model: "demo/small",
      toolIds: null,
    });
  });

  test("is chat for a person and api for a key, billed to whoever is calling", async () => {
    await start();
    expect(lastStart().context).toMatchObject({ trigger: "chat", billingAccountId: "acct_demo" });
    const tenant = await newTenant(env.DB);
    await start(tenant.headers);
    expect(lastStart().context).toMatchObject({
      trigger: "api",
      billingAccountId: tenant.accountId,
      virtualKeyId: tenant.keyId,
    });
  });

  test("carries the request id that its answer shows", async () => {
    const response = await door.send(runsPath, post(wish, { "x-request-id": "trace-7" }));
    expect(response.headers.get("x-request-id")).toBe("trace-7");
    expect(lastStart().context.requestId).toBe("trace-7");
  });

  test("twice under one key is one run; other accounts' keys are their own", async () => {
    const [first, second] = [await newTenant(env.DB), await newTenant(env.DB)];
    const send = (headers: Record<string, string>, body: object = wish) =>
      door.send(runsPath, post(body, { ...headers, "idempotency-key": "order-1" }));
    const made = await send(first.headers);
    const again = await send(first.headers);
    expect([made.status, again.status]).toEqual([201, 200]);
    const run = await made.json<Started>();
    expect(await again.json()).toEqual(run);
    const other = await send(first.headers, { ...wish, message: "Something else" });
    expect([other.status, await errorCodeOf(other)]).toEqual([409, "idempotency_conflict"]);
    const theirs = await send(second.headers);
    expect(theirs.status).toBe(201);
    expect((await theirs.json<Started>()).runId).not.toBe(run.runId);
  });

  test.each(["", "x".repeat(256)])("refuses an Idempotency-Key of %# wrong length", async (key) => {
    const response = await door.send(runsPath, post(wish, { "idempotency-key": key }));
    expect([response.status, await errorCodeOf(response)]).toEqual([400, "invalid_request"]);
  });

  test("streams the events when they are asked for", async () => {
    const response = await door.send(runsPath, post(wish, { accept: "text/event-stream" }));
    expect(response.status).toBe(201);
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    expect(response.headers.get("x-run-id")).toBe(lastStart().context.runId);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await response.text()).toContain("event: run_started");
  });

  test.each<[StartRefusal, number]>([
    ["insufficient_credits", 402],
    ["conflict", 409],
    ["idempotency_conflict", 409],
    ["not_found", 404],
    ["rate_limit", 429],
    ["provider_unavailable", 503],
  ])("passes the refusal %s on as %i", async (code, status) => {
    door.runs.refusal = { ok: false, code, message: "No." };
    for (const accept of ["application/json", "text/event-stream"]) {
      const response = await door.send(runsPath, post(wish, { accept }));
      expect([response.status, await errorCodeOf(response)]).toEqual([status, code]);
      const mustWait = status === 429 || status === 503;
      expect(response.headers.has("retry-after")).toBe(mustWait);
    }
  });

  test.each(["poet", "langgraph:nobody", "n8n:poet", ":", "langgraph:poet:x", "a'; DROP TABLE"])(
    "does not find the graph %j",
    async (graphId) => {
      const response = await door.send(runsPath, post({ ...wish, graphId }));
      expect([response.status, await errorCodeOf(response)]).toEqual([404, "not_found"]);
    },
  );

  test.each(["x", "thr_", newId("run"), "' OR 1=1--"])(
    "does not find the thread %j",
    async (id) => {
      door.runs.touched.length = 0;
      const response = await door.send(runsPath, post({ ...wish, threadId: id }));
      expect([response.status, await errorCodeOf(response)]).toEqual([404, "not_found"]);
      expect(door.runs.touched).toEqual([]);
    },
  );

  test("says where an unknown model or node override is", async () => {
    const bodies: [object, string][] = [
      [{ ...wish, model: "gpt-9" }, "model"],
      [{ ...wish, configurable: { nobody__model: "demo/small" } }, "configurable.nobody__model"],
    ];
    for (const [body, path] of bodies) {
      const response = await door.send(runsPath, post(body));
      expect(response.status).toBe(400);
      const { error } = await response.json<ErrorBody>();
      expect(error.issues?.map((issue) => issue.path)).toEqual([path]);
    }
  });

  test("ignores a client's ideas of identity in configurable, and refuses them elsewhere", async () => {
    const claims = {
      runId: newId("run"),
      user: "root",
      billingAccountId: "acct_other",
      attempt: 7,
    };
    await start({}, { ...wish, configurable: { ...claims, poet__model: "demo/small" } });
    expect(lastStart().configurable).toEqual({ poet__model: "demo/small" });
    expect(lastStart().context).toMatchObject({ attempt: 0, billingAccountId: "acct_demo" });
    expect(lastStart().context.runId).not.toBe(claims.runId);
    for (const [name, value] of Object.entries({ ...claims, price: 0, status: "success" })) {
      const response = await door.send(runsPath, post({ ...wish, [name]: value }));
      expect(response.status).toBe(400);
      const { error } = await response.json<ErrorBody>();
      expect(error.issues?.map(({ path }) => path)).toEqual([name]);
    }
  });

  test("passes serialised constructors through as plain data", async () => {
    const lc = { lc: 1, type: "constructor", id: ["langchain", "chat"], kwargs: { key: "x" } };
    const message = JSON.stringify(lc);
    await start({}, { ...wish, message, configurable: { note: lc } });
    expect(lastStart().messages).toEqual([{ role: "user", content: message }]);
    expect(lastStart().configurable).toEqual({ note: lc });
  });
});

describe("a run", () => {
  test("shows what its object knows while it is under way", async () => {
    const { runId, threadId } = await start();
    const response = await door.send(`${runsPath}/${runId}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      runId,
      accountId: "acct_demo",
      threadId,
      graphId: "langgraph:poet",
      trigger: "chat",
      scheduleId: null,
      scheduledFor: null,
      model: "demo/small",
      attempt: 0,
      status: "running",
      errorCode: null,
      errorMessage: null,
      createdAt: "2026-09-21T14:13:20.000Z",
      startedAt: "2026-11-21T12:00:00.000Z",
      finishedAt: null,
      output: null,
      usage: { calls: 1, inputTokens: 10, outputTokens: 5 },
      chargedCredits: 7,
      heldCredits: 93,
      books: { dispatches: 1, settled: 1, unknown: 0, voided: 0, open: 0, closed: true },
      billing: "open",
    });
  });

  test("shows what D1 recorded once it has ended", async () => {
    const { runId } = await start();
    await env.DB.prepare(
      `UPDATE graph_runs SET status = 'error', error_code = 'timeout', error_message = 'Too slow.',
         output = 'half', finished_at = 1790000005000 WHERE id = ?1`,
    )
      .bind(runId)
      .run();
    const response = await door.send(`${runsPath}/${runId}`);
    expect(await response.json()).toMatchObject({
      status: "error",
      errorCode: "timeout",
      errorMessage: "Too slow.",
      output: "half",
      finishedAt: "2026-09-21T14:13:25.000Z",
      chargedCredits: 0,
      books: { dispatches: 1 },
    });
  });

  test("is stopped once; again or too late it is only shown", async () => {
    const { runId } = await start();
    const cancel = () => door.send(`${runsPath}/${runId}/cancel`, post({}));
    const [first, second] = [await cancel(), await cancel()];
    expect([first.status, second.status]).toEqual([202, 200]);
    expect(await second.json()).toMatchObject({ runId, status: "cancelled" });
  });

  test("shows its calls, and its receipts as a list", async () => {
    const { runId } = await start();
    const calls = await door.send(`${runsPath}/${runId}/calls`);
    expect(await calls.json()).toMatchObject({ items: [{ ordinal: 1, state: "settled" }] });
    const receipts = await door.send(`${runsPath}/${runId}/receipts`);
    expect(await receipts.json()).toEqual({ items: [] });
  });

  test("shows what was corrected of a receipt to its own account, and to no other", async () => {
    const owner = await newTenant(env.DB);
    const { runId } = await start(owner.headers);
    const fact = makeFact(lastStart());
    await commitUsageFacts(depsOf(), [fact]);
    const path = `${runsPath}/${runId}/receipts`;
    const read = async () => {
      const response = await door.send(path, { headers: owner.headers });
      return (await response.json<{ items: { receiptId: string }[] }>()).items;
    };
    const [before] = await read();
    expect(before).toMatchObject({ corrections: [], effective: { provenance: "usage" } });
    const refund = { credits: 400, reason: "refund", reference: "ticket-7" };
    const posted = await door.send(
      `/api/v1/admin/accounts/${owner.accountId}/credits`,
      post({ ...refund, receiptId: before?.receiptId }, bearer(adminToken)),
    );
    expect(posted.status).toBe(200);
    expect(await read()).toMatchObject([
      { chargedCredits: 1_000, effective: { chargedCredits: 600 } },
    ]);
    expect((await read())[0]).toHaveProperty("corrections", [
      {
        reference: "ticket-7",
        reason: "refund",
        settlement: "final",
        provenance: "usage",
        inputTokens: 10,
        outputTokens: 20,
        costUsd: "0.0001",
        chargedDelta: -400,
        createdAt: expect.stringMatching(/Z$/),
      },
    ]);
    const stranger = await newTenant(env.DB);
    const refused = await door.send(path, { headers: stranger.headers });
    expect([refused.status, await errorCodeOf(refused)]).toEqual([404, "not_found"]);
  });

  test.each(["", "/receipts", "/calls", "/events"])("that never was is 404 at %j", async (rest) => {
    const response = await door.send(`${runsPath}/${newId("run")}${rest}`);
    expect([response.status, await errorCodeOf(response)]).toEqual([404, "not_found"]);
  });

  test("refuses a cursor that its object refuses", async () => {
    const { runId } = await start();
    door.runs.viewerAnswer = () => new Response("bad cursor", { status: 400 });
    const response = await door.send(`${runsPath}/${runId}/events?after=-1`);
    expect([response.status, await errorCodeOf(response)]).toEqual([400, "invalid_request"]);
    door.runs.viewerAnswer = () => new Response(null, { status: 204 });
    expect((await door.send(`${runsPath}/${runId}/events`)).status).toBe(204);
    door.runs.viewerAnswer = null;
  });
});

describe("the list of runs", () => {
  test("is the account's own, in pages, with filters", async () => {
    const tenant = await newTenant(env.DB);
    const made = new Set<string>();
    for (let index = 0; index < 5; index += 1) {
      made.add((await start(tenant.headers, { ...wish, message: `poem ${index}` })).runId);
    }
    const seen = new Set<string>();
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: string = cursor === "" ? "?limit=2" : `?limit=2&cursor=${cursor}`;
      const response = await door.send(runsPath + query, { headers: tenant.headers });
      expect(response.status).toBe(200);
      const page: { items: { runId: string; accountId: string }[]; nextCursor: string | null } =
        await response.json();
      expect(page.items.length).toBeLessThanOrEqual(2);
      for (const { runId, accountId } of page.items) {
        expect(accountId).toBe(tenant.accountId);
        expect(seen.has(runId)).toBe(false);
        seen.add(runId);
      }
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(made);
    const count = async (query: string) => {
      const response = await door.send(runsPath + query, { headers: tenant.headers });
      return (await response.json<{ items: unknown[] }>()).items.length;
    };
    expect(await count("?trigger=api&status=running&graphId=langgraph:poet")).toBe(5);
    expect(await count("?trigger=chat")).toBe(0);
    expect(await count(`?threadId=${newId("thread")}`)).toBe(0);
  });

  test.each([
    "limit=0",
    "limit=101",
    "limit=1.5",
    "limit=x",
    "limit=1e1",
    "limit=0x10",
    "limit=%205",
    "limit=%2B5",
    "limit=",
    "limit=2&limit=3",
    "cursor=nonsense",
    "cursor=",
    "status=paid",
    "trigger=magic",
  ])("refuses ?%s", async (query) => {
    const response = await door.send(`${runsPath}?${query}`);
    expect([response.status, await errorCodeOf(response)]).toEqual([400, "invalid_request"]);
  });
});
