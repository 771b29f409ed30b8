import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { newId } from "../../src/base/ids.ts";
import type { GoOnRefusal } from "../../src/ports/run.ts";
import { errorCodeOf, newTenant, openDoor, post } from "./door.ts";
import type { ErrorBody } from "./door.ts";
import { insertRun } from "./fake-runs.ts";

const door = openDoor(env.DB);
const runsPath = "/api/v1/ai/runs";
const wish = { graphId: "langgraph:poet", message: "Write about the sea" };
const question = { interruptId: "ask.0", value: { question: "Send it?", draft: "Dear all" } };

async function start(headers: Record<string, string> = {}): Promise<string> {
  const response = await door.send(runsPath, post(wish, headers));
  return (await response.json<{ runId: string }>()).runId;
}

async function record(runId: string, status: string, finishedAt: number | null): Promise<void> {
  await env.DB.prepare("UPDATE graph_runs SET status = ?2, finished_at = ?3 WHERE id = ?1")
    .bind(runId, status, finishedAt)
    .run();
}

/** A run that waits for an answer, in its object and in D1. */
async function waiting(headers: Record<string, string> = {}): Promise<string> {
  const runId = await start(headers);
  const run = door.runs.liveRun(runId);
  run.status = "interrupted";
  run.interrupts = [question];
  await record(runId, "interrupted", null);
  return runId;
}

async function ended(status: "error" | "cancelled" | "success"): Promise<string> {
  const runId = await start();
  door.runs.liveRun(runId).status = status;
  await record(runId, status, 1_790_000_005_000);
  return runId;
}

const resume = (runId: string, body: unknown, headers: Record<string, string> = {}) =>
  door.send(`${runsPath}/${runId}/resume`, post(body, headers));
const retry = (runId: string, headers: Record<string, string> = {}) =>
  door.send(`${runsPath}/${runId}/retry`, { method: "POST", headers });

async function refusal(response: Response): Promise<[number, string]> {
  return [response.status, await errorCodeOf(response)];
}

beforeEach(() => {
  door.runs.goOnRefusal = null;
  door.runs.answers.length = 0;
});

describe("an interrupted run", () => {
  test("shows its open questions, also in the list", async () => {
    const runId = await waiting();
    const shown = await door.send(`${runsPath}/${runId}`);
    expect(await shown.json()).toMatchObject({ status: "interrupted", interrupts: [question] });
    const list = await door.send(`${runsPath}?status=interrupted`);
    const { items } = await list.json<{ items: { runId: string }[] }>();
    expect(items.find((item) => item.runId === runId)).toMatchObject({ interrupts: [question] });
  });

  test("goes on with its answer: 202, and 200 for the same answer again", async () => {
    const runId = await waiting();
    const answer = { interruptId: question.interruptId, value: { approved: true } };
    const first = await resume(runId, answer);
    expect(first.status).toBe(202);
    const run = await first.json<object>();
    expect(run).toMatchObject({ runId, status: "running", attempt: 0 });
    expect(run).not.toHaveProperty("interrupts");
    expect((await resume(runId, answer)).status).toBe(200);
    expect(door.runs.answers).toEqual([answer]);
  });

  test("needs no id when it asks one question", async () => {
    expect((await resume(await waiting(), { value: "yes" })).status).toBe(202);
    expect(door.runs.answers).toEqual([{ interruptId: null, value: "yes" }]);
  });

  test.each([null, false, 0, "", [], {}, [{ deep: [null] }]])(
    "takes %j as an answer like any other",
    async (value) => {
      expect((await resume(await waiting(), { value })).status).toBe(202);
      expect(door.runs.answers).toEqual([{ interruptId: null, value }]);
    },
  );

  test.each([
    ["value", {}],
    ["value", { interruptId: "ask.0" }],
    ["value", { value: "x".repeat(64 * 1024) }],
    ["value", { value: "é".repeat(33_000) }],
    ["interruptId", { interruptId: "", value: 1 }],
    ["interruptId", { interruptId: "x".repeat(201), value: 1 }],
    ["interruptId", { interruptId: 7, value: 1 }],
    ["attempt", { value: 1, attempt: 3 }],
  ])("is not answered by a body whose %s is wrong", async (path, body) => {
    const response = await resume(await waiting(), body);
    expect(response.status).toBe(400);
    const { error } = await response.json<ErrorBody>();
    expect(error.issues?.map((issue) => issue.path)).toEqual([path]);
    expect(door.runs.answers).toEqual([]);
  });

  test("is not answered by what is no JSON, has no body, or is far too large", async () => {
    const runId = await waiting();
    const path = `${runsPath}/${runId}/resume`;
    const headers = { "content-type": "application/json" };
    const send = (body: string | null) => door.send(path, { method: "POST", headers, body });
    expect(await refusal(await send("{"))).toEqual([400, "invalid_request"]);
    expect(await refusal(await send(null))).toEqual([400, "invalid_request"]);
    expect(await refusal(await send(`{"value":"${"x".repeat(257 * 1024)}"}`))).toEqual([
      413,
      "payload_too_large",
    ]);
    expect(door.runs.answers).toEqual([]);
  });

  test("keeps its answer to 64 KiB and takes exactly that", async () => {
    const value = "x".repeat(64 * 1024 - 2);
    expect((await resume(await waiting(), { value })).status).toBe(202);
  });
});

describe("another attempt", () => {
  test.each(["error", "cancelled"] as const)(
    "of a run that ended %s is 202 and shows the run as its object knows it now",
    async (status) => {
      const runId = await ended(status);
      const response = await retry(runId);
      expect(response.status).toBe(202);
      expect(await response.json()).toMatchObject({
        runId,
        status: "running",
        attempt: 1,
        finishedAt: null,
        errorCode: null,
      });
    },
  );

  test("is refused to a run that has not failed", async () => {
    expect(await refusal(await retry(await ended("success")))).toEqual([409, "conflict"]);
    expect(await refusal(await retry(await start()))).toEqual([409, "conflict"]);
  });
});

describe("going on", () => {
  test.each<[GoOnRefusal, number]>([
    ["invalid_request", 400],
    ["insufficient_credits", 402],
    ["not_found", 404],
    ["conflict", 409],
    ["gone", 410],
    ["rate_limit", 429],
    ["provider_unavailable", 503],
  ])("passes the object's refusal %s on as %i", async (code, status) => {
    door.runs.goOnRefusal = { ok: false, code, message: "No." };
    for (const response of [
      await resume(await waiting(), { value: 1 }),
      await retry(await ended("error")),
    ]) {
      expect(await refusal(response)).toEqual([status, code]);
      expect(response.headers.has("retry-after")).toBe(status === 429 || status === 503);
    }
  });

  test("is not found for a run that never was or is another account's", async () => {
    const stranger = await newTenant(env.DB);
    const runId = await waiting();
    door.runs.touched.length = 0;
    for (const response of [
      await resume(newId("run"), { value: 1 }),
      await resume(runId, { value: 1 }, stranger.headers),
      await retry(newId("run")),
      await retry(runId, stranger.headers),
    ]) {
      expect(await refusal(response)).toEqual([404, "not_found"]);
    }
    expect(door.runs.touched).toEqual([]);
  });

  test("is a conflict for a skipped slot, whose object is not woken", async () => {
    await start();
    const known = door.runs.started.at(-1)!;
    const runId = newId("run");
    await insertRun(env.DB, { ...known, context: { ...known.context, runId } }, "skipped");
    door.runs.touched.length = 0;
    expect(await refusal(await resume(runId, { value: 1 }))).toEqual([409, "conflict"]);
    expect(await refusal(await retry(runId))).toEqual([409, "conflict"]);
    expect(door.runs.touched).toEqual([]);
  });

  test.each([
    ["error", 410, "gone"],
    ["pending", 409, "conflict"],
  ])("of a run that is %s in D1 and unknown to its object is %i", async (status, code, name) => {
    await start();
    const known = door.runs.started.at(-1)!;
    const runId = newId("run");
    await insertRun(env.DB, { ...known, context: { ...known.context, runId } }, status);
    expect(await refusal(await resume(runId, { value: 1 }))).toEqual([code, name]);
    expect(await refusal(await retry(runId))).toEqual([code, name]);
  });
});

describe("a run whose events were purged", () => {
  test("answers 410 for them, also to the request that started it and is sent again", async () => {
    const key = { "idempotency-key": newId("run") };
    const runId = await start(key);
    await record(runId, "success", 1);
    door.runs.viewerAnswer = () => Response.json({}, { status: 410 });
    const headers = { ...key, accept: "text/event-stream" };
    for (const response of [
      await door.send(`${runsPath}/${runId}/events`),
      await door.send(runsPath, post(wish, headers)),
    ]) {
      expect(await refusal(response)).toEqual([410, "gone"]);
    }
    door.runs.viewerAnswer = null;
    expect((await door.send(`${runsPath}/${runId}`)).status).toBe(200);
    expect((await door.send(`${runsPath}/${runId}/receipts`)).status).toBe(200);
  });
});
