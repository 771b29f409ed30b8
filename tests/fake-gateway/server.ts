import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { answerFor } from "./answer.ts";
import type { Directives, WireMessage } from "./directives.ts";
import { lastUserText, readDirectives } from "./directives.ts";
import type { GatewayLogEntry } from "./log.ts";
import { GatewayLog } from "./log.ts";
import { sendStream, sendWhole } from "./send.ts";
import { SpendLog, type SpendRoutes } from "./spend-log.ts";

export type { GatewayLogEntry } from "./log.ts";

export interface FakeGateway {
  /** `http://127.0.0.1:<port>`; the chat completions base URL is `<url>/v1`. */
  url: string;
  calls(userPrefix?: string): GatewayLogEntry[];
  close(): Promise<void>;
}

/** How far the answer to a call is; `last` is after the last chunk and before `[DONE]`, `end` after everything. */
export type CallStage = "received" | "headers" | "chunk" | "last" | "end";

export interface FakeGatewayOptions {
  port?: number;
  host?: string;
  /** Told of every call before its next byte is sent. */
  onStage?: (stage: CallStage, entry: GatewayLogEntry) => void;
  /** Which routes its spend log has; both by default. */
  spendRoutes?: SpendRoutes;
}

/** An OpenAI-compatible gateway with LiteLLM's headers, which misbehaves on demand; see `directives.ts`. */
export async function startFakeGateway(options: FakeGatewayOptions = {}): Promise<FakeGateway> {
  const log = new GatewayLog();
  const desk: Desk = {
    log,
    onStage: options.onStage ?? (() => {}),
    spendLog: new SpendLog(log),
    spendRoutes: options.spendRoutes ?? "both",
  };
  const server = createServer((request, response) => {
    response.socket?.setNoDelay(true);
    answerRequest(desk, request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    url: `http://${address}:${port}`,
    calls: (userPrefix) => log.list(userPrefix),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Desk {
  log: GatewayLog;
  onStage: NonNullable<FakeGatewayOptions["onStage"]>;
  spendLog: SpendLog;
  spendRoutes: SpendRoutes;
}

async function answerRequest(
  desk: Desk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { log } = desk;
  const url = new URL(request.url ?? "/", "http://fake");
  const user = url.searchParams.get("user") ?? "";
  const route = `${request.method} ${url.pathname.replace(/^\/v1/, "")}`;
  switch (route) {
    case "POST /chat/completions":
      return complete(desk, request, response);
    case "GET /spend/logs":
    case "GET /spend/logs/v2":
      return desk.spendLog.answer(url, desk.spendRoutes, response);
    case "GET /_log":
      return json(response, 200, log.list(user));
    case "DELETE /_log":
      log.clear();
      return json(response, 200, {});
    case "GET /_log/count": {
      const entries = log.list(user);
      const ok = entries.filter((entry) => entry.status === 200).length;
      return json(response, 200, { count: entries.length, ok });
    }
    default:
      return json(response, 404, { error: { message: "no such route" } });
  }
}

interface WireBody {
  model: string;
  messages: WireMessage[];
  tools?: unknown;
  user?: string;
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
  max_tokens?: number;
  max_completion_tokens?: number;
}

async function complete(
  { log, onStage }: Desk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const body = JSON.parse(Buffer.concat(parts).toString("utf8")) as WireBody;
  const user = body.user ?? "";
  const directives = readDirectives(body.model, user, body.messages);
  const answer = answerFor(body.messages, directives);
  const entry = log.add({
    receivedAt: Date.now(),
    user,
    model: body.model,
    headers: {
      callId: header(request, "x-litellm-call-id"),
      spendLogsMetadata: header(request, "x-litellm-spend-logs-metadata"),
      hasAuthorization: request.headers.authorization !== undefined,
    },
    body: {
      messages: body.messages,
      tools: body.tools ?? null,
      maxTokens: body.max_tokens ?? null,
      maxCompletionTokens: body.max_completion_tokens ?? null,
      stream: body.stream === true,
      includeUsage: body.stream_options?.include_usage === true,
      fields: Object.keys(body),
    },
    status: null,
    callId: callIdFor(request, user, directives),
    responseId: responseIdFor(user, directives),
    usage: null,
    costUsd: "0",
    spend: {
      inputTokens: answer.inputTokens,
      outputTokens: answer.outputTokens,
      isZero: directives.has("spend-zero"),
      lateFor: directives.has("spend-never") ? Infinity : directives.number("spend-late", 0),
      downFor: directives.number("spend-down", 0),
    },
    tokensSent: 0,
    finished: false,
    clientClosedEarly: false,
    open: true,
  });
  response.once("close", () => {
    entry.open = false;
    entry.clientClosedEarly =
      !response.writableEnded && !entry.finished && !response.errored && !spoiled.has(entry);
  });
  const destroy = response.destroy.bind(response);
  response.destroy = (error) => {
    spoiled.add(entry);
    return destroy(error);
  };

  onStage("received", entry);
  if (directives.has("reset")) return void response.destroy();
  if (directives.text("stall") === "headers") return;
  await new Promise<void>((resolve) => setTimeout(resolve, directives.number("headers", 0)));
  if (response.destroyed) return;
  if (entry.callId !== null) response.setHeader("x-litellm-call-id", entry.callId);
  const failure = failureFor(directives, body);
  if (failure !== null) {
    entry.status = failure.status;
    response.writeHead(failure.status, failure.headers);
    response.end(failure.body);
    entry.finished = true;
    return;
  }

  entry.status = 200;
  entry.usage = answer.usage;
  entry.costUsd = answer.costUsd;
  const stated = statedCost(directives, answer.costUsd);
  if (stated !== null) response.setHeader("x-litellm-response-cost", stated);
  const streams = body.stream === true && !directives.has("no-stream");
  if (directives.has("html-200")) response.setHeader("content-type", "text/html");
  else response.setHeader("content-type", streams ? "text/event-stream" : "application/json");
  response.writeHead(200);
  response.flushHeaders();
  onStage("headers", entry);
  if (directives.has("empty-200")) return void response.end();
  if (directives.has("html-200")) return void response.end("<html>sign in</html>");
  const reply = {
    response,
    entry,
    directives,
    answer,
    base: {
      ...(entry.responseId === null ? {} : { id: entry.responseId }),
      model: directives.text("served") ?? body.model,
      created: Math.floor(entry.receivedAt / 1000),
    },
    includeUsage: !streams || entry.body.includeUsage,
    reach: (stage: CallStage) => onStage(stage, entry),
  };
  if (streams) await sendStream(reply);
  else sendWhole(reply);
}

/** Calls whose connection the fake itself destroyed, as against one that the client closed. */
const spoiled = new WeakSet<GatewayLogEntry>();

function failureFor(directives: Directives, body: WireBody) {
  if (directives.has("html-502")) {
    return {
      status: 502,
      headers: { "content-type": "text/html" },
      body: "<html>Bad gateway</html>",
    };
  }
  if (!directives.has("status")) return null;
  const headers: Record<string, string> = { "content-type": "application/json" };
  const retryAfter = directives.text("retry-after");
  if (retryAfter?.endsWith("ms")) headers["retry-after-ms"] = retryAfter.slice(0, -2);
  else if (retryAfter !== null) headers["retry-after"] = retryAfter;
  // Real gateways repeat prompts and key fragments here; nothing of it may reach a customer or a log.
  const message = `key sk-fake-secret refused: ${lastUserText(body.messages)}`;
  const status = directives.number("status", 500);
  return { status, headers, body: JSON.stringify({ error: { message, code: String(status) } }) };
}

function callIdFor(request: IncomingMessage, user: string, directives: Directives): string | null {
  if (directives.has("no-call-id")) return null;
  if (directives.has("dup-call-id")) return `dup-${user.split("/")[0]}`;
  return header(request, "x-litellm-call-id") ?? randomUUID();
}

function responseIdFor(user: string, directives: Directives): string | null {
  if (directives.has("no-body-id")) return null;
  const seed = directives.has("dup-body-id") ? user : randomUUID();
  return `chatcmpl-${createHash("sha256").update(seed).digest("hex").slice(0, 24)}`;
}

/** LiteLLM prints Python floats, `2.5e-07`; `[[cost:…]]` sends any text. */
function statedCost(directives: Directives, costUsd: string): string | null {
  if (directives.has("no-cost") || directives.has("usage-cost")) return null;
  if (directives.has("zero-cost")) return "0.0";
  return directives.text("cost") ?? costUsd;
}

function header(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === "string" ? value : null;
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}
