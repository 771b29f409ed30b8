import { describe, expect, it } from "vitest";
import { call, finish, json, newAccount, readRun, startRun, watch, withKey } from "./product.ts";
import { readSse } from "./read-sse.ts";

describe("viewers over Server-Sent Events", () => {
  it("read the same numbered events as a socket, then settled without a number", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, { message: "[[tokens:30]] [[delay:3]]" });
    const socket = await watch(as, runId);
    const live = readSse(await call("GET", `/api/v1/ai/runs/${runId}/events`, { as }));
    await socket.settled();
    const events = await live;
    expect(events.at(-1)).toMatchObject({ id: null, event: "settled" });
    expect(
      events.slice(0, -1).map(({ id, data }) => ({
        kind: "event",
        seq: Number(id),
        event: JSON.parse(data) as unknown,
      })),
    ).toEqual(socket.events);
  });

  it("stream a run from the request that starts it", async () => {
    const as = await newAccount();
    const response = await call("POST", "/api/v1/ai/runs", {
      as,
      body: { graphId: "langgraph:poet", message: "hello" },
      headers: { accept: "text/event-stream" },
    });
    expect(response.status).toBe(201);
    expect(response.headers.get("x-run-id")).toMatch(/^run_/);
    const events = await readSse(response);
    expect(events[0]?.event).toBe("run_started");
    expect(events.at(-1)?.event).toBe("settled");
  });

  it("go on after Last-Event-ID, and are told 204 when there is nothing more", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, {});
    await finish(as, runId);
    const path = `/api/v1/ai/runs/${runId}/events`;
    const all = await readSse(await call("GET", path, { as }));
    const headers = { "last-event-id": "2" };
    const rest = await readSse(await call("GET", path, { as, headers }));
    expect(rest).toEqual(all.slice(2));
    expect(await readSse(await call("GET", `${path}?after=2`, { as }))).toEqual(rest);
    const last = String(all.length - 1);
    const head = await call("GET", path, { as, headers: { "last-event-id": last } });
    expect(head.status).toBe(204);
  });

  it.each(["-1", "1.5", "x", "100000"])("refuse the cursor %s", async (cursor) => {
    const as = await newAccount();
    const { runId } = await startRun(as, {});
    await finish(as, runId);
    const response = await call("GET", `/api/v1/ai/runs/${runId}/events?after=${cursor}`, { as });
    expect(response.status).toBe(400);
    expect(await json(response)).toMatchObject({ error: { code: "invalid_request" } });
    const viewer = await watch(as, runId, cursor as unknown as number);
    expect(await viewer.closed).toMatchObject({ code: 4400 });
  });
});

describe("a socket", () => {
  it("answers ping, and any other nonsense with an error frame without closing", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, { message: "[[stall:1]]" });
    const viewer = await watch(as, runId);
    for (const nonsense of ["{", "[]", '{"kind":"dance"}', '{"kind":"ping","more":1}']) {
      viewer.socket.send(nonsense);
    }
    viewer.socket.send(new Uint8Array([1, 2, 3]));
    viewer.socket.send('{"kind":"ping"}');
    await viewer.seen((frame) => frame.kind === "pong");
    await expect.poll(() => viewer.frames.filter((frame) => frame.kind === "error").length).toBe(5);
    viewer.socket.send(JSON.stringify({ kind: "ping", filler: "x".repeat(70_000) }));
    expect(await viewer.closed).toMatchObject({ code: 1009 });
    await call("POST", `/api/v1/ai/runs/${runId}/cancel`, { as });
    await finish(as, runId);
  });

  it("of a key that may only read cannot stop the run", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, { message: "[[stall:1]]" });
    const reader = await watch(await withKey(as.accountId, ["runs:read"]), runId);
    reader.socket.send('{"kind":"cancel"}');
    await reader.seen((frame) => frame.kind === "error" && frame.code === "forbidden");
    expect(await readRun(as, runId)).toMatchObject({ status: "running" });
    await call("POST", `/api/v1/ai/runs/${runId}/cancel`, { as });
    await finish(as, runId);
  });

  it("stops the run, for every viewer", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, { message: "[[stall:3]]" });
    const [one, other] = [await watch(as, runId), await watch(as, runId)];
    await one.sees("text_delta");
    one.socket.send('{"kind":"cancel"}');
    await Promise.all([one.settled(), other.settled()]);
    expect(one.events).toEqual(other.events);
    expect(one.events.slice(-2).map(({ event }) => event)).toMatchObject([
      { type: "error", code: "aborted" },
      { type: "done", status: "cancelled" },
    ]);
    expect(await readRun(as, runId)).toMatchObject({ status: "cancelled", heldCredits: 0 });
  });
});
