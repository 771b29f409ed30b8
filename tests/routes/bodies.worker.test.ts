import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { newId } from "../../src/base/ids.ts";
import { errorCodeOf, openDoor, post } from "./door.ts";
import type { ErrorBody } from "./door.ts";
import { filled, mountedRoutes } from "./route-table.ts";

const door = openDoor(env.DB);
const runsPath = "/api/v1/ai/runs";
const json = { "content-type": "application/json" };
const send = (body: string) => door.send(runsPath, { method: "POST", headers: json, body });

describe("a body that cannot be a request", () => {
  test.each<[string, string]>([
    ["no JSON", "{"],
    ["nothing", ""],
    ["a list", "[]"],
    ["null", "null"],
    ["a duplicate key", '{"graphId":"langgraph:poet","message":"a","message":"b"}'],
    ["__proto__", '{"graphId":"langgraph:poet","message":"a","__proto__":{"isAdmin":true}}'],
    [
      "a nested __proto__",
      '{"graphId":"langgraph:poet","message":"a","configurable":{"__proto__":{}}}',
    ],
    ["10,000 levels", `{"configurable":${"[".repeat(10_000)}${"]".repeat(10_000)}}`],
    ["a huge id", JSON.stringify({ graphId: "x".repeat(200_000), message: "a" })],
    ["wrong types", '{"graphId":5,"message":{"a":1},"toolIds":"x"}'],
    ["NaN", '{"graphId":"langgraph:poet","message":NaN}'],
  ])("is a clean 400: %s", async (_name, body) => {
    const response = await send(body);
    expect([response.status, await errorCodeOf(response)]).toEqual([400, "invalid_request"]);
  });

  test("never gets its values back in the answer", async () => {
    const secret = "hunter2-do-not-echo";
    const body = { graphId: 5, message: [secret], model: { secret }, limits: { maxCalls: secret } };
    const response = await door.send(runsPath, post(body));
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(text).not.toContain(secret);
    const { error } = JSON.parse(text) as ErrorBody;
    const paths = error.issues?.map(({ path }) => path) ?? [];
    expect(paths).toEqual(
      expect.arrayContaining(["graphId", "message", "model", "limits.maxCalls"]),
    );
  });

  test("lists a bounded number of issues, each of bounded length", async () => {
    const body = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`${index}${"k".repeat(300)}`, 1]),
    );
    const response = await door.send(runsPath, post(body));
    expect((await response.text()).length).toBeLessThan(20_000);
  });
});

describe("bytes that are no UTF-8", () => {
  const start = new TextEncoder().encode('{"graphId":"langgraph:poet","message":"');
  const end = new TextEncoder().encode('"}');
  const sendBytes = (...bytes: number[]) =>
    door.send(runsPath, {
      method: "POST",
      headers: json,
      body: new Uint8Array([...start, ...bytes, ...end]),
    });

  test.each([[[0xff]], [[0xc3, 0x28]], [[0xed, 0xa0, 0x80]], [[0xf0, 0x9f]]])(
    "are refused: %j",
    async (bytes) => {
      const response = await sendBytes(...bytes);
      expect([response.status, await errorCodeOf(response)]).toEqual([400, "invalid_request"]);
    },
  );

  test("are not what stands for them", async () => {
    expect((await sendBytes(...new TextEncoder().encode("ä\ufffd"))).status).toBe(201);
  });
});

describe("a request that takes no body", async () => {
  const document = await (
    await door.send("/api/v1/openapi.json")
  ).json<{ paths: Record<string, Record<string, { requestBody?: object }>> }>();
  const ids = {
    runId: newId("run"),
    threadId: newId("thread"),
    scheduleId: newId("schedule"),
    keyId: newId("key"),
    accountId: newId("account"),
  };
  const bodiless = mountedRoutes(door).filter(({ method, path }) => {
    const described = document.paths[path.replaceAll(/:(\w+)/g, "{$1}")];
    return method !== "GET" && described?.[method.toLowerCase()]?.requestBody === undefined;
  });

  test("is for instance a cancellation", () => {
    expect(bodiless).toContainEqual({ method: "POST", path: `${runsPath}/:runId/cancel` });
  });

  test.each(bodiless)(
    "$method $path refuses one, and takes none or an empty one",
    async (route) => {
      const ask = (body?: string) =>
        door.send(filled(route.path, ids), {
          method: route.method,
          ...(body !== undefined && { headers: json, body }),
        });
      const refused = await ask('{"reason":"x"}');
      expect(refused.status).toBe(400);
      const { error } = await refused.json<ErrorBody>();
      expect([error.code, error.issues?.map(({ path }) => path)]).toEqual([
        "invalid_request",
        ["reason"],
      ]);
      for (const body of ["[]", "null", '"x"']) expect((await ask(body)).status).toBe(400);
      for (const body of [undefined, "{}", " { } "]) expect((await ask(body)).status).toBe(404);
    },
  );
});

describe("the size of a body", () => {
  const tooLong = JSON.stringify({ message: "x".repeat(256 * 1024) });

  test("is limited when it is declared", async () => {
    const response = await door.send(runsPath, {
      method: "POST",
      headers: { ...json, "content-length": String(tooLong.length) },
      body: tooLong,
    });
    expect([response.status, await errorCodeOf(response)]).toEqual([413, "payload_too_large"]);
  });

  test("is limited when it comes in chunks of unknown number", async () => {
    let sent = 0;
    const chunk = new TextEncoder().encode("x".repeat(16 * 1024));
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        if (sent > 1_000) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const init = { method: "POST", headers: json, body, duplex: "half" };
    const response = await door.send(runsPath, init);
    expect([response.status, await errorCodeOf(response)]).toEqual([413, "payload_too_large"]);
    expect(sent).toBeLessThan(40);
  });

  test("may reach the limit", async () => {
    const body = JSON.stringify({ graphId: "langgraph:poet", message: "hi" }).padEnd(256 * 1024);
    expect((await send(body)).status).toBe(201);
  });
});

describe("what fails inside", () => {
  const broken = new Proxy(env.DB, {
    get() {
      throw new Error("prompt: my secret diary");
    },
  });

  test("is a 500 without a detail, and the log gets no text of it", async () => {
    const failing = openDoor(broken);
    const response = await failing.send("/api/v1/account");
    expect(response.status).toBe(500);
    const text = await response.clone().text();
    expect(await errorCodeOf(response)).toBe("internal");
    expect(text).not.toContain("diary");
    expect(failing.logged.join()).toContain("request.failed");
    expect(failing.logged.join()).not.toContain("diary");
  });
});

test("an address that leads nowhere is JSON for programs and a page for people", async () => {
  const api = await door.send("/api/v1/nothing", { headers: { accept: "text/html" } });
  expect([api.status, await errorCodeOf(api)]).toEqual([404, "not_found"]);
  const page = await door.send("/nothing", { headers: { accept: "text/html,*/*" } });
  expect(page.status).toBe(404);
  expect(page.headers.get("content-type")).toMatch(/^text\/html/);
});
