import { DurableObject } from "cloudflare:workers";
import { readerOf } from "../../src/completion/body-reader.ts";
import type { Env } from "../../src/env.ts";
import { benchModel } from "./bench-model.ts";

/**
 * The bones of a run, as a floor under Runledger's figures: a new object, two D1 batches, one stream read and parsed,
 * four rows and one socket. No graph, no door, no journal, no receipt, and no run that outlives anything.
 */
export class RunObject extends DurableObject<Env> {
  #isSettled = false;

  async start(message: string): Promise<void> {
    this.ctx.storage.sql.exec(
      "CREATE TABLE events (seq INTEGER PRIMARY KEY, event TEXT NOT NULL) STRICT",
    );
    this.#say({ type: "run_started" });
    await this.#askD1();
    void this.#drive(message);
  }

  override fetch(): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    const { sql } = this.ctx.storage;
    for (const { event } of sql.exec<{ event: string }>("SELECT event FROM events ORDER BY seq"))
      server.send(frameOf(event));
    if (this.#isSettled) server.send(settledFrame);
    return new Response(null, { status: 101, webSocket: client });
  }

  async #drive(message: string): Promise<void> {
    const { body } = await fetch(`${this.env.GATEWAY_BASE_URL}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: benchModel,
        messages: [{ role: "user", content: message }],
        stream: true,
        stream_options: { include_usage: true },
      }),
    });
    if (body === null) throw new Error("no body");
    const reader = readerOf(body);
    const decoder = new TextDecoder();
    let text = "";
    let shown = 0;
    let line = "";
    for (let bytes = await reader.read(); bytes !== undefined; bytes = await reader.read()) {
      const lines = (line + decoder.decode(bytes, { stream: true })).split("\n");
      line = lines.pop() ?? "";
      text += lines.map(textOf).join("");
      if (shown === 0 && text !== "") {
        this.#say({ type: "text_delta", delta: text });
        shown = text.length;
      }
      await reader.rest(restMs);
    }
    this.#say({ type: "text_delta", delta: text.slice(shown) });
    this.#say({ type: "done" });
    await this.#askD1();
    this.#isSettled = true;
    this.#send(settledFrame);
  }

  #askD1(): Promise<unknown> {
    return this.env.DB.batch([this.env.DB.prepare("SELECT 1")]);
  }

  #say(event: object): void {
    const json = JSON.stringify(event);
    this.ctx.storage.sql.exec("INSERT INTO events (event) VALUES (?)", json);
    this.#send(frameOf(json));
  }

  #send(frame: string): void {
    for (const socket of this.ctx.getWebSockets()) socket.send(frame);
  }

  override webSocketMessage(): void {}

  override webSocketClose(): void {}
}

const restMs = 25;
const settledFrame = JSON.stringify({ kind: "settled" });

function frameOf(event: string): string {
  return `{"kind":"event","event":${event}}`;
}

function textOf(line: string): string {
  if (!line.startsWith("data: {")) return "";
  const chunk = JSON.parse(line.slice("data: ".length)) as {
    choices?: { delta?: { content?: string } }[];
  };
  return chunk.choices?.[0]?.delta?.content ?? "";
}

export default {
  async fetch(request, env) {
    if (request.method !== "POST") return objectOf(env, runIdIn(request.url)).fetch(request);
    const { message } = await request.json<{ message: string }>();
    const runId = crypto.randomUUID();
    await objectOf(env, runId).start(message);
    return Response.json({ runId }, { status: 201 });
  },
} satisfies ExportedHandler<Env>;

function objectOf(env: Env, runId: string): DurableObjectStub<RunObject> {
  const stub: unknown = env.RUNS.get(env.RUNS.idFromName(runId));
  return stub as DurableObjectStub<RunObject>;
}

/** `…/ai/runs/<id>/socket` */
function runIdIn(url: string): string {
  return new URL(url).pathname.split("/").at(-2) ?? "";
}
