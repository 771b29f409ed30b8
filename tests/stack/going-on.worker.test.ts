import {
  evictDurableObject,
  listDurableObjectIds,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { Env } from "../../src/env.ts";
import { wakeOpenRuns } from "../../src/run/wake-open-runs.ts";
import {
  balanceOf,
  call,
  expectBilledOnce,
  finish,
  gatewayCalls,
  json,
  newAccount,
  readRun,
  startRun,
  watch,
  type Account,
} from "./product.ts";
import { readSse } from "./read-sse.ts";
import { RecordingLog } from "../logs.ts";
import { visitedRun } from "../run/visited-run.ts";

const approval = { graphId: "langgraph:approval", model: "fake/model" };

function stubOf(runId: string) {
  const { RUNS } = env as unknown as Env;
  return RUNS.get(RUNS.idFromName(runId));
}

/** A run that waits for its answer, and its question. */
async function asked(as: Account) {
  const run = await startRun(as, { ...approval, message: "[[tokens:8]] a note" });
  const viewer = await watch(as, run.runId);
  await viewer.sees("interrupt");
  await expect.poll(async () => (await balanceOf(as)).heldCredits).toBe(0);
  const { interrupts } = await json<{ interrupts: { interruptId: string; value: object }[] }>(
    await call("GET", `/api/v1/ai/runs/${run.runId}`, { as }),
  );
  return { runId: run.runId, viewer, interruptId: interrupts[0]?.interruptId ?? "" };
}

describe("a run that asks a person", () => {
  it("goes on with an answer over the socket, which stayed open, also when its object was evicted", async () => {
    const as = await newAccount();
    const { runId, viewer, interruptId } = await asked(as);
    await evictDurableObject(stubOf(runId));
    viewer.socket.send(JSON.stringify({ kind: "resume", interruptId, value: { approved: true } }));
    await viewer.settled();
    expect(await viewer.closed).toMatchObject({ code: 1000 });
    const late = await watch(as, runId);
    await late.settled();
    expect(viewer.events).toEqual(late.events);
    expect(await readRun(as, runId)).toMatchObject({ status: "success", billing: "settled" });
    const { receipts } = await expectBilledOnce(as, runId);
    expect(receipts).toHaveLength((await gatewayCalls(runId)).length);
  });

  it("refuses over the socket what answers nothing", async () => {
    const as = await newAccount();
    const { viewer } = await asked(as);
    viewer.socket.send(JSON.stringify({ kind: "resume", interruptId: "other.0", value: 1 }));
    await viewer.seen((frame) => frame.kind === "error" && frame.code === "conflict");
  });

  it("ends an SSE stream at the question, and tells its reader 204 until it goes on", async () => {
    const as = await newAccount();
    const run = await startRun(as, { ...approval, message: "[[tokens:8]] a note" });
    const path = `/api/v1/ai/runs/${run.runId}/events`;
    const first = await readSse(await call("GET", path, { as }));
    expect(first.at(-1)).toMatchObject({ event: "interrupt", id: String(first.length) });
    const headers = { "last-event-id": String(first.length) };
    expect((await call("GET", path, { as, headers })).status).toBe(204);
    const body = { value: { approved: false } };
    await expect
      .poll(async () => {
        const resume = await call("POST", `/api/v1/ai/runs/${run.runId}/resume`, { as, body });
        return resume.status;
      })
      .toBe(202);
    const rest = await readSse(await call("GET", path, { as, headers }));
    expect(rest.at(-1)).toMatchObject({ event: "settled", id: null });
    expect(rest[0]?.id).toBe(String(first.length + 1));
  });
});

describe("a retry", () => {
  it("goes on in the same log and charges only what is new", async () => {
    const as = await newAccount();
    const message = "[[@0@tool status:503]] [[tool:core__current_time {}]] [[tokens:8]] when?";
    const { runId } = await startRun(as, { graphId: "langgraph:assistant", message });
    const before = await watch(as, runId);
    await before.settled();
    expect(await readRun(as, runId)).toMatchObject({ status: "error" });
    const retried = await call("POST", `/api/v1/ai/runs/${runId}/retry`, { as });
    expect(retried.status).toBe(202);
    const after = await watch(as, runId, before.events.length);
    await after.settled();
    expect(after.events[0]?.event).toMatchObject({ type: "run_started", attempt: 1 });
    const { receipts, answered } = await expectBilledOnce(as, runId);
    expect(new Set(receipts.map(({ attempt }) => attempt))).toEqual(new Set([0, 1]));
    expect(answered).toHaveLength(2);
  });
});

describe("a run whose time is over", () => {
  it("answers 410 for its events, and still says what it was and what it cost", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, { message: "[[tokens:8]] hello" });
    await finish(as, runId);
    const before = await readRun(as, runId);
    await runInDurableObject(stubOf(runId), (_object, state) => {
      state.storage.sql.exec("UPDATE run SET finished_at = 0");
    });
    await evictDurableObject(stubOf(runId));
    await runDurableObjectAlarm(stubOf(runId));
    const events = await call("GET", `/api/v1/ai/runs/${runId}/events`, { as });
    expect(events.status).toBe(410);
    expect(await json(events)).toMatchObject({ error: { code: "gone" } });
    expect(await (await watch(as, runId)).closed).toMatchObject({ code: 4410 });
    expect(await readRun(as, runId)).toMatchObject({
      status: "success",
      output: before.output,
      chargedCredits: before.chargedCredits,
      books: before.books,
    });
    const left = await runInDurableObject(stubOf(runId), (_object, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name LIKE 'checkpoint%'").toArray(),
    );
    expect(left).toEqual([]);
    await expectBilledOnce(as, runId);
  });
});

describe("a run id that was made up", () => {
  it("makes no object, whichever door is tried", async () => {
    const as = await newAccount();
    const { RUNS } = env as unknown as Env;
    const runId = `run_${"0".repeat(25)}9`;
    const name = RUNS.idFromName(runId).toString();
    expect(await (await watch(as, runId)).closed).toMatchObject({ code: 4404 });
    for (const path of ["", "/events", "/calls", "/receipts"]) {
      expect((await call("GET", `/api/v1/ai/runs/${runId}${path}`, { as })).status).toBe(404);
    }
    for (const door of ["cancel", "retry"]) {
      expect((await call("POST", `/api/v1/ai/runs/${runId}/${door}`, { as })).status).toBe(404);
    }
    const body = { value: true };
    expect((await call("POST", `/api/v1/ai/runs/${runId}/resume`, { as, body })).status).toBe(404);
    const objects = await listDurableObjectIds(RUNS);
    expect(objects.map(String)).not.toContain(name);
  });
});

describe("the cron tick", () => {
  // Other files leave runs open in the same database, and a tick wakes so many and no more.
  beforeEach(async () => {
    await env.DB.prepare(
      `UPDATE graph_runs SET status = 'error', lease_open = 0, finished_at = ?1
       WHERE lease_open = 1 AND created_at < ?1`,
    )
      .bind(Date.now() - 3_600_000)
      .run();
  });

  it("wakes a run that lost its driver and its alarm", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, { message: "[[tokens:20]] [[delay:20]] hello" });
    await runInDurableObject(stubOf(runId), (_object, state) => state.storage.deleteAlarm());
    await evictDurableObject(stubOf(runId)).catch(() => {});
    const log = new RecordingLog();
    await wakeOpenRuns(env, { clock: { now: () => Date.now() + 300_000 }, log });
    await finish(as, runId);
    expect(await readRun(as, runId)).toMatchObject({ status: "success", books: { closed: true } });
  });

  it("reports a run that D1 holds open and nobody knows of", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, { message: "[[tokens:20]] [[delay:30]] hello" });
    const log = new RecordingLog();
    const clock = { now: () => Date.now() + 300_000 };
    const runOf = () => visitedRun({ wake: async () => false });
    await wakeOpenRuns(env, { clock, log, runOf });
    expect(log.lines).toContainEqual(
      expect.objectContaining({ event: "run.lost", fields: { runId } }),
    );
    await finish(as, runId);
  });
});
