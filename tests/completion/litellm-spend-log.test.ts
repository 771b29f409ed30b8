import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLitellmSpendLog } from "../../src/completion/litellm-spend-log.ts";
import { parseSpendRow } from "../../src/completion/litellm-spend-row.ts";
import type { SpendLog, SpendRow } from "../../src/ports/spend-log.ts";
import { type FakeGateway, startFakeGateway } from "../fake-gateway/server.ts";
import { RecordingLog } from "../logs.ts";

const log = new RecordingLog();
const hour = 3_600_000;
const logOf = (url: string): SpendLog =>
  createLitellmSpendLog({ baseUrl: `${url}/v1`, apiKey: "sk-test", log });

async function readAll(spendLog: SpendLog, endUser: string): Promise<SpendRow[]> {
  const rows: SpendRow[] = [];
  const query = { endUser, from: Date.now() - hour, to: Date.now() + hour };
  for (let page: number | null = 1; page !== null;) {
    const read = await spendLog.readPage(query, page);
    if (read.kind !== "page") throw new Error(read.reason);
    rows.push(...read.rows);
    page = read.next;
  }
  return rows;
}

describe.each(["both", "rows"] as const)("a LiteLLM with routes: %s", (spendRoutes) => {
  let fake: FakeGateway;
  beforeAll(async () => {
    fake = await startFakeGateway({ spendRoutes });
  });
  afterAll(() => fake.close());

  async function complete(user: string, message: string, callId = "call_a-1"): Promise<void> {
    const response = await fetch(`${fake.url}/v1/chat/completions`, {
      method: "POST",
      headers: {
        "x-litellm-call-id": callId,
        "x-litellm-spend-logs-metadata": JSON.stringify({ runledger_dispatch_id: callId }),
      },
      body: JSON.stringify({ model: "m", user, messages: [{ role: "user", content: message }] }),
    });
    await response.text();
  }

  it("gives ids, counts and the exact cost of a call", async () => {
    await complete("run_1/0", "hello");
    const [call] = fake.calls("run_1/0");
    expect(await readAll(logOf(fake.url), "run_1/0")).toMatchObject([
      {
        ...{ requestId: call?.responseId, dispatchId: "call_a-1", endUser: "run_1/0", model: "m" },
        ...{ costUsd: call?.costUsd, isFailure: false },
        ...{ inputTokens: call?.spend.inputTokens, outputTokens: call?.spend.outputTokens },
        startedAt: new Date(call?.receivedAt ?? 0).toISOString(),
      },
    ]);
  });

  it("marks refused calls, and leaves out other end users", async () => {
    await complete("run_2/0", "hello [[status:500]]");
    await complete("run_2/01", "hello");
    const rows = await readAll(logOf(fake.url), "run_2/0");
    expect(rows).toMatchObject([{ isFailure: true, costUsd: "0" }]);
  });

  it("is read to its end, over pages", async () => {
    for (let index = 0; index < 205; index += 1) await complete("run_3/0", "hi", `call_${index}-1`);
    const rows = await readAll(logOf(fake.url), "run_3/0");
    expect(new Set(rows.map(({ dispatchId }) => dispatchId)).size).toBe(205);
  });
});

describe("a spend log that cannot be read", () => {
  const query = { endUser: "run_1/0", from: 0, to: hour };
  let server: Server;
  let answer: { status: number; body: string } | "hang";
  beforeAll(async () => {
    server = createServer((_request, response) => {
      if (answer === "hang") return;
      response.writeHead(answer.status);
      response.end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  it.each([
    [503, "", "refused"],
    [401, "{}", "refused"],
    [404, "{}", "refused"],
    [200, "<html>", "unreadable"],
    [200, '{"rows":[]}', "unreadable"],
  ])("status %i with %j is %s, never an empty log", async (status, body, reason) => {
    answer = { status, body };
    expect(await logOf(url()).readPage(query, 1)).toEqual({ kind: "unavailable", reason });
  });

  it("is unreachable when nobody answers", async () => {
    answer = "hang";
    const options = { baseUrl: url(), apiKey: null, log, timeoutMsMax: 20 };
    const unreachable = { kind: "unavailable", reason: "unreachable" };
    expect(await createLitellmSpendLog(options).readPage(query, 1)).toEqual(unreachable);
    expect(await logOf("http://127.0.0.1:1").readPage(query, 1)).toEqual(unreachable);
  });

  it("keeps every digit of a cost, and counts rows that are no calls", async () => {
    const row = '{"request_id":"r","end_user":"run_1/0","spend":0.00000029999990000000000001}';
    answer = { status: 200, body: `[${row},{"startTime":"2026-11-21","spend":3},7]` };
    const read = await logOf(url()).readPage(query, 1);
    expect(read).toMatchObject({ rows: [{ costUsd: "0.00000029999990000000000001" }], next: null });
    expect(read).toMatchObject({ unreadable: 2 });
    expect(log.lines.at(-1)).toMatchObject({ event: "reconcile.unreadable_rows" });
  });

  it("does not count what it cannot read of other end users", async () => {
    const rows = ["run_1/0", "run_2/0", null].map((end_user) => ({ end_user, request_id: 7 }));
    answer = { status: 200, body: JSON.stringify(rows) };
    expect(await logOf(url()).readPage(query, 1)).toMatchObject({ rows: [], unreadable: 2 });
  });

  it("gives up on a log that never ends, rather than read another customer's", async () => {
    const rows = Array.from({ length: 100 }, (_, index) => ({ request_id: `r${index}` }));
    answer = { status: 200, body: JSON.stringify({ data: rows, total_pages: 9_999 }) };
    expect(await logOf(url()).readPage(query, 199)).toMatchObject({ rows: [], next: 200 });
    expect(await logOf(url()).readPage(query, 200)).toMatchObject({ kind: "unavailable" });
  });
});

describe("a row of the spend log", () => {
  const row = { request_id: "chatcmpl-1", end_user: "run_1/0", spend: 0.5, prompt_tokens: 10 };

  it.each([
    ["negative counts", { prompt_tokens: -1 }],
    ["fractional counts", { completion_tokens: 2.5 }],
    ["no id", { request_id: "" }],
  ])("with %s is none", (_, wrong) => {
    expect(parseSpendRow({ ...row, ...wrong })).toBeNull();
  });

  it.each([["NaN"], [-1], [null]])("states no cost when it says %s", (spend) => {
    expect(parseSpendRow({ ...row, spend })?.costUsd).toBeNull();
  });

  it("has its details in metadata, which may be an object or text, or broken", () => {
    const metadata = {
      litellm_call_id: "call_a-1",
      usage_object: { prompt_tokens_details: { cached_tokens: 99 } },
    };
    const known = { callId: "call_a-1", cacheReadTokens: 10 };
    expect(parseSpendRow({ ...row, metadata })).toMatchObject(known);
    expect(parseSpendRow({ ...row, metadata: JSON.stringify(metadata) })).toMatchObject(known);
    expect(parseSpendRow({ ...row, metadata: "{" })).toMatchObject({ callId: null });
  });
});
