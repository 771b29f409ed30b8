import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { newId } from "../../src/base/ids.ts";
import { hasStarted, rememberStart } from "../../src/routes/started-runs.ts";
import { openDoor, post } from "./door.ts";

const upgrade = { upgrade: "websocket", connection: "Upgrade" };

/** Counts the statements that are prepared. */
function countPrepared(db: D1Database) {
  const counts = { prepared: 0 };
  const counted = new Proxy(db, {
    get(target, name) {
      if (name === "prepare") counts.prepared += 1;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
  return { counted, counts };
}

describe("a run that this isolate has started", () => {
  test("is watched without asking D1", async () => {
    const { counted, counts } = countPrepared(env.DB);
    const door = openDoor(counted);
    const started = await door.send(
      "/api/v1/ai/runs",
      post({ graphId: "langgraph:poet", message: "Write about the sea" }),
    );
    const { runId } = await started.json<{ runId: string }>();
    counts.prepared = 0;
    const socket = await door.send(`/api/v1/ai/runs/${runId}/socket`, { headers: upgrade });
    expect(socket.status).toBe(101);
    socket.webSocket?.accept();
    socket.webSocket?.close();
    const events = await door.send(`/api/v1/ai/runs/${runId}/events`);
    expect(events.status).toBe(200);
    await events.text();
    expect(counts.prepared).toBe(0);
  });

  test("is remembered for its own account and database, until many later ones", () => {
    const [db, other] = [countPrepared(env.DB).counted, countPrepared(env.DB).counted];
    const runId = newId("run");
    rememberStart(db, runId, "acct_a");
    expect(hasStarted(db, runId, "acct_a")).toBe(true);
    expect(hasStarted(db, runId, "acct_b")).toBe(false);
    expect(hasStarted(other, runId, "acct_a")).toBe(false);
    for (let run = 0; run < 1_000; run += 1) rememberStart(db, newId("run"), "acct_a");
    expect(hasStarted(db, runId, "acct_a")).toBe(false);
  });
});
