import { env, exports } from "cloudflare:workers";
import { expect } from "vitest";
import { chargeCredits } from "../../src/base/money.ts";
import type { RunEvent } from "../../src/ports/ai-event.ts";
import type { ServerFrame, SettledFrame } from "../../src/protocol.ts";
import type { GatewayLogEntry } from "../fake-gateway/log.ts";

/** The whole product in workerd, used over its own HTTP and WebSocket doors; models answer from the fake gateway. */

const origin = "http://localhost:8787";

export interface Account {
  accountId: string;
  /** Sent with every request that acts for it. */
  authorization: string;
}

export async function call(
  method: string,
  path: string,
  options: { body?: unknown; headers?: Record<string, string>; as?: Account } = {},
): Promise<Response> {
  const { body, headers = {}, as } = options;
  return exports.default.fetch(
    new Request(origin + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(as === undefined ? {} : { authorization: as.authorization }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
}

export async function json<T = Record<string, unknown>>(response: Response): Promise<T> {
  return (await response.json()) as T;
}

const admin = { headers: { authorization: "Bearer test-admin-token" } };
const everyScope = ["runs:write", "runs:read", "schedules:write", "account:read"];

/** An account of its own for one test, with a key that has every scope. */
export async function newAccount(credits = 50_000_000): Promise<Account> {
  const made = await call("POST", "/api/v1/admin/accounts", { ...admin, body: { name: "Test" } });
  const { accountId } = await json<{ accountId: string }>(made);
  if (credits > 0) {
    const posted = await call("POST", `/api/v1/admin/accounts/${accountId}/credits`, {
      ...admin,
      body: { credits, reason: "top_up", reference: `first-${accountId}` },
    });
    expect(posted.status).toBeLessThan(300);
  }
  return withKey(accountId, everyScope);
}

/** The same account through a new key. */
export async function withKey(accountId: string, scopes: readonly string[]): Promise<Account> {
  const key = await call("POST", `/api/v1/admin/accounts/${accountId}/keys`, {
    ...admin,
    body: { label: "test", scopes },
  });
  const { secret } = await json<{ secret: string }>(key);
  return { accountId, authorization: `Bearer ${secret}` };
}

export interface StartedRun {
  runId: string;
  threadId: string;
  status: string;
}

export async function startRun(as: Account, body: Record<string, unknown>): Promise<StartedRun> {
  const response = await call("POST", "/api/v1/ai/runs", {
    as,
    body: { graphId: "langgraph:poet", message: "hello", ...body },
  });
  expect(response.status, await response.clone().text()).toBe(201);
  return json<StartedRun>(response);
}

/** A viewer on a socket that keeps what it was sent. */
export class Viewer {
  readonly frames: ServerFrame[] = [];
  readonly closed: Promise<{ code: number }>;
  readonly socket: WebSocket;
  #waiting: { test: (frame: ServerFrame) => boolean; resolve: () => void }[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    const closing = Promise.withResolvers<{ code: number }>();
    this.closed = closing.promise;
    socket.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(String(data)) as ServerFrame;
      this.frames.push(frame);
      this.#waiting = this.#waiting.filter(({ test, resolve }) => {
        if (!test(frame)) return true;
        resolve();
        return false;
      });
    });
    socket.addEventListener("close", ({ code }) => closing.resolve({ code }));
    socket.accept();
  }

  get events(): { seq: number; event: RunEvent }[] {
    return this.frames.filter((frame) => frame.kind === "event");
  }

  get text(): string {
    return this.events
      .map(({ event }) => (event.type === "text_delta" ? event.delta : ""))
      .join("");
  }

  seen(test: (frame: ServerFrame) => boolean): Promise<void> {
    if (this.frames.some(test)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ test, resolve }));
  }

  async settled(): Promise<SettledFrame> {
    await this.seen((frame) => frame.kind === "settled");
    return this.frames.find((frame) => frame.kind === "settled") as SettledFrame;
  }

  sees(type: RunEvent["type"]): Promise<void> {
    return this.seen((frame) => frame.kind === "event" && frame.event.type === type);
  }
}

export async function watch(as: Account, runId: string, after = 0): Promise<Viewer> {
  const response = await call("GET", `/api/v1/ai/runs/${runId}/socket?after=${after}`, {
    as,
    headers: { upgrade: "websocket" },
  });
  if (response.webSocket === null) throw new Error(`no socket: ${response.status}`);
  return new Viewer(response.webSocket);
}

export interface RunRecord {
  status: string;
  errorCode: string | null;
  output: string | null;
  chargedCredits: number;
  heldCredits: number;
  books: Record<string, number | boolean>;
  billing: string;
  usage: { calls: number; inputTokens: number; outputTokens: number };
  trigger: string;
}

export async function readRun(as: Account, runId: string): Promise<RunRecord> {
  return json<RunRecord>(await call("GET", `/api/v1/ai/runs/${runId}`, { as }));
}

export interface Receipt {
  settlement: string;
  usageUnitId: string;
  chargedCredits: number;
  costUsd: string;
  effective: { settlement: string; costUsd: string; chargedCredits: number };
  receiptKind: string;
  [field: string]: unknown;
}

export async function readReceipts(as: Account, runId: string): Promise<Receipt[]> {
  const response = await call("GET", `/api/v1/ai/runs/${runId}/receipts`, { as });
  return (await json<{ items: Receipt[] }>(response)).items;
}

/** Runs to the end, watched by nobody but this. */
export async function finish(as: Account, runId: string): Promise<SettledFrame> {
  return (await watch(as, runId)).settled();
}

/** What the gateway itself counted for a run: the oracle. */
export async function gatewayCalls(runId: string): Promise<GatewayLogEntry[]> {
  const url = `${String(env.GATEWAY_BASE_URL).replace(/\/v1$/, "")}/_log?user=${runId}`;
  const response = await fetch(url);
  return response.json<GatewayLogEntry[]>();
}

export async function balanceOf(
  as: Account,
): Promise<{ balanceCredits: number; heldCredits: number }> {
  return json(await call("GET", "/api/v1/account", { as }));
}

/**
 * Every answered call of the gateway has exactly one receipt, and the balance moved by their sum, corrections included.
 * `charged` is what they were posted with.
 */
export async function expectBilledOnce(as: Account, runId: string, credits = 50_000_000) {
  let receipts: Receipt[] = [];
  // A correction may come between the two reads.
  const readOwed = async () => {
    receipts = await readReceipts(as, runId);
    const { balanceCredits, heldCredits } = await balanceOf(as);
    const charged = receipts.reduce((sum, { effective }) => sum + effective.chargedCredits, 0);
    return { paidIn: balanceCredits + charged, heldCredits };
  };
  await expect.poll(readOwed).toEqual({ paidIn: credits, heldCredits: 0 });
  const answered = (await gatewayCalls(runId)).filter((entry) => entry.status === 200);
  for (const entry of answered) expect(receiptsOf(receipts, entry)).toHaveLength(1);
  const charged = receipts.reduce((sum, { chargedCredits }) => sum + chargedCredits, 0);
  return { receipts, answered, charged };
}

/** Stopped before its headers came, a call is known by our own dispatch id, which the gateway was sent as its call id. */
function receiptsOf(receipts: readonly Receipt[], { callId }: GatewayLogEntry): Receipt[] {
  return receipts.filter(({ usageUnitId }) =>
    [callId, `dispatch:${callId}`].some((id) => usageUnitId.startsWith(id ?? "MISSING")),
  );
}

/** Once the gateway's log was looked at, every answered call says what the log says, and the run's books are closed. */
export async function expectReconciled(as: Account, runId: string): Promise<void> {
  await expect.poll(async () => (await readRun(as, runId)).billing).toBe("settled");
  const { receipts, answered } = await expectBilledOnce(as, runId);
  for (const entry of answered) {
    const { costUsd } = entry;
    expect(receiptsOf(receipts, entry)).toMatchObject([
      { effective: { settlement: "final", costUsd, chargedCredits: chargeOf(costUsd) } },
    ]);
  }
  const charged = receipts.reduce((sum, { effective }) => sum + effective.chargedCredits, 0);
  expect(await readRun(as, runId)).toMatchObject({
    chargedCredits: charged,
    books: { unknown: 0, open: 0, closed: true },
  });
}

function chargeOf(costUsd: string): number {
  return Number(chargeCredits(costUsd, 12_500));
}
