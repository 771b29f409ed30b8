import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { createKey } from "../../src/auth/api-keys.ts";
import { scopes, type Scope } from "../../src/auth/principal.ts";
import { bearer, errorCodeOf, newTenant, now, openDoor, pepper, post, uncapped } from "./door.ts";

const door = openDoor(env.DB);
const wish = { graphId: "langgraph:poet", message: "Write about the sea" };
const day = 86_400_000;

/** A further key of the same account. */
async function keyOf(
  accountId: string,
  changes: { maxCredits?: number; expiresAt?: number; scopes?: readonly Scope[] },
) {
  const wanted = { accountId, label: "second", scopes, expiresAt: null, ...uncapped, ...changes };
  const { key, text } = await createKey(env.DB, wanted, pepper, now);
  return { keyId: key.keyId, headers: bearer(text) };
}

async function startWith(headers: Record<string, string>, status: "interrupted" | "error") {
  const response = await door.send("/api/v1/ai/runs", post(wish, headers));
  const { runId } = await response.json<{ runId: string }>();
  const run = door.runs.liveRun(runId);
  run.status = status;
  if (status === "interrupted") run.interrupts = [{ interruptId: "ask.0", value: null }];
  await env.DB.prepare("UPDATE graph_runs SET status = ?2 WHERE id = ?1").bind(runId, status).run();
  return runId;
}

const resume = (runId: string, headers: Record<string, string>) =>
  door.send(`/api/v1/ai/runs/${runId}/resume`, post({ value: 1 }, headers));
const retry = (runId: string, headers: Record<string, string>) =>
  door.send(`/api/v1/ai/runs/${runId}/retry`, { method: "POST", headers });

async function watch(runId: string, headers: Record<string, string>): Promise<string | null> {
  const upgrade = { upgrade: "websocket", connection: "Upgrade", ...headers };
  const response = await door.send(`/api/v1/ai/runs/${runId}/socket`, { headers: upgrade });
  expect(response.status).toBe(101);
  response.webSocket?.accept();
  response.webSocket?.close();
  return door.runs.watched.at(-1)?.headers.get("x-runledger-may-write") ?? null;
}

beforeEach(() => {
  door.runs.answers.length = 0;
});

describe.each([
  ["a cap", { maxCredits: 0 }],
  ["an expiry", { expiresAt: now + day }],
])("a key with %s", (_bound, bound) => {
  test("makes no run of another key go on", async () => {
    const { accountId, headers } = await newTenant(env.DB);
    const bounded = await keyOf(accountId, bound);
    const answers = [
      await resume(await startWith(headers, "interrupted"), bounded.headers),
      await retry(await startWith(headers, "error"), bounded.headers),
    ];
    for (const answer of answers) {
      expect([answer.status, await errorCodeOf(answer)]).toEqual([403, "forbidden"]);
    }
    expect(door.runs.answers).toEqual([]);
  });

  test("watches runs of another key over a socket without acting on them", async () => {
    const { accountId, headers } = await newTenant(env.DB);
    const bounded = await keyOf(accountId, bound);
    expect(await watch(await startWith(headers, "interrupted"), bounded.headers)).toBeNull();
    expect(await watch(await startWith(bounded.headers, "interrupted"), bounded.headers)).toBe("1");
  });

  test("makes its own runs go on, and stops any", async () => {
    const { accountId, headers } = await newTenant(env.DB);
    const bounded = await keyOf(accountId, bound);
    const own = await startWith(bounded.headers, "interrupted");
    expect((await resume(own, bounded.headers)).status).toBe(202);
    const failed = await startWith(bounded.headers, "error");
    expect((await retry(failed, bounded.headers)).status).toBe(202);
    const others = await startWith(headers, "interrupted");
    const path = `/api/v1/ai/runs/${others}/cancel`;
    expect((await door.send(path, { method: "POST", headers: bounded.headers })).ok).toBe(true);
  });
});

test("a key without bounds makes any run of its account go on", async () => {
  const { accountId, headers } = await newTenant(env.DB);
  const second = await keyOf(accountId, {});
  expect((await resume(await startWith(headers, "interrupted"), second.headers)).status).toBe(202);
});

test("a schedule runs on the key of whoever changed it last", async () => {
  const tenant = await newTenant(env.DB);
  const bounded = await keyOf(tenant.accountId, { maxCredits: 0 });
  const path = "/api/v1/schedules";
  const terms = { name: "n", message: "m", cron: "0 9 * * *", timezone: "UTC" };
  const made = await door.send(path, post({ graphId: "langgraph:poet", ...terms }, tenant.headers));
  const { scheduleId } = await made.json<{ scheduleId: string }>();
  const keyOfSchedule = () =>
    env.DB.prepare("SELECT virtual_key_id FROM schedules WHERE id = ?1")
      .bind(scheduleId)
      .first("virtual_key_id");
  expect(await keyOfSchedule()).toBe(tenant.keyId);
  const changed = await door.send(`${path}/${scheduleId}`, {
    ...post({ message: "another" }, bounded.headers),
    method: "PATCH",
  });
  expect(changed.status).toBe(200);
  expect(await keyOfSchedule()).toBe(bounded.keyId);
});

describe("a key that may not read", () => {
  test("is not shown what a run said when it acts on it", async () => {
    const { accountId } = await newTenant(env.DB);
    const writer = await keyOf(accountId, { scopes: ["runs:write"] });
    const reader = await keyOf(accountId, { scopes: ["runs:write", "runs:read"] });
    const runId = await startWith(writer.headers, "interrupted");
    door.runs.liveRun(runId).output = "A poem";
    const path = `/api/v1/ai/runs/${runId}/cancel`;
    const cancel = async (headers: Record<string, string>) =>
      (await door.send(path, { method: "POST", headers })).json();
    expect(await cancel(reader.headers)).toMatchObject({ runId, output: "A poem" });
    const blind = await cancel(writer.headers);
    expect(blind).toMatchObject({ runId, output: null });
    expect(JSON.stringify(blind)).not.toContain("A poem");
  });
});
