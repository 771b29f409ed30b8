import type { ServerResponse } from "node:http";
import type { FakeAnswer } from "./answer.ts";
import type { Directives } from "./directives.ts";
import type { GatewayLogEntry } from "./log.ts";
import type { CallStage } from "./server.ts";

export interface Reply {
  response: ServerResponse;
  entry: GatewayLogEntry;
  directives: Directives;
  answer: FakeAnswer;
  /** `id`, `model` and `created` of every chunk. */
  base: { id?: string; model: string; created: number };
  includeUsage: boolean;
  reach: (stage: CallStage) => void;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Sends the answer as server-sent events, spoiled as the directives ask. */
export async function sendStream(reply: Reply): Promise<void> {
  const { response, entry, directives, answer, base } = reply;
  const newline = directives.has("crlf") ? "\r\n" : "\n";
  const sendText = (text: string) => write(response, text, directives.has("split-utf8"));
  const send = (payload: unknown) =>
    sendText(`data: ${JSON.stringify(payload)}${newline}${newline}`);
  const chunk = (delta: object, finishReason: string | null = null) =>
    send({
      ...base,
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta, finish_reason: finishReason }],
    });
  const sendUsage = () =>
    send({ ...base, object: "chat.completion.chunk", choices: [], usage: answer.usage });
  const stopAt = (name: string) => (directives.has(name) ? directives.number(name, 0) : Infinity);
  const [stallAt, truncateAt, cutAt] = [stopAt("stall"), stopAt("truncate"), stopAt("cut")];
  const delayMs = directives.number("delay", 0);
  const states = reply.includeUsage && answer.usage !== null;

  await pause(directives.number("first", 0));
  if (states && directives.has("usage-first")) await sendUsage();
  await chunk({ role: "assistant", content: "" });
  for (const token of [...answer.tokens, null]) {
    if (response.destroyed) return;
    if (entry.tokensSent >= cutAt) return void response.destroy();
    if (entry.tokensSent >= truncateAt) return void response.end();
    if (entry.tokensSent >= stallAt) return;
    if (directives.has("bad-json") && entry.tokensSent === 1)
      await sendText(`data: {"id": "x", ${newline}${newline}`);
    if (directives.has("error-chunk") && entry.tokensSent === 1) {
      await send({ error: { message: "upstream broke, key sk-fake-secret", code: 500 } });
      return void response.end();
    }
    if (token === null) break;
    if (directives.has("comments")) await sendText(`: keep-alive${newline}${newline}`);
    if (delayMs > 0) await pause(delayMs);
    await chunk({ content: token });
    entry.tokensSent += 1;
    reply.reach("chunk");
  }
  await sendToolCalls(answer, chunk);
  await chunk({}, answer.toolCalls.length > 0 ? "tool_calls" : "stop");
  if (states && !directives.has("usage-first")) {
    await sendUsage();
    if (directives.has("usage-twice")) await sendUsage();
  }
  reply.reach("last");
  if (!directives.has("no-done")) await sendText(`data: [DONE]${newline}${newline}`);
  if (directives.has("two-done")) await sendText(`data: [DONE]${newline}${newline}`);
  if (!response.destroyed) finish(reply);
}

async function sendToolCalls(
  answer: FakeAnswer,
  chunk: (delta: object) => Promise<void>,
): Promise<void> {
  for (const [index, call] of answer.toolCalls.entries()) {
    const head = {
      index,
      id: call.id,
      type: "function",
      function: { name: call.name, arguments: "" },
    };
    await chunk({ tool_calls: [head] });
    for (let at = 0; at < call.argsText.length; at += 7) {
      const part = { arguments: call.argsText.slice(at, at + 7) };
      await chunk({ tool_calls: [{ index, function: part }] });
    }
  }
}

/** Sends the answer as one JSON body. */
export function sendWhole(reply: Reply): void {
  const { response, directives, answer, base } = reply;
  const toolCalls = answer.toolCalls.map((call) => ({
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.argsText },
  }));
  const message = {
    role: "assistant",
    content: answer.tokens.join("") || null,
    ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
  };
  const text = JSON.stringify({
    ...base,
    object: "chat.completion",
    choices: [{ index: 0, message, finish_reason: toolCalls.length > 0 ? "tool_calls" : "stop" }],
    ...(answer.usage === null ? {} : { usage: answer.usage }),
  });
  response.write(directives.has("bad-json") ? text.slice(0, -10) : text);
  reply.entry.tokensSent = answer.tokens.length;
  finish(reply);
}

function finish({ response, entry, reach }: Reply): void {
  response.end();
  entry.finished = true;
  reach("end");
}

/** With `byBytes`, every byte is a chunk of its own, so that characters are split. */
async function write(response: ServerResponse, text: string, byBytes: boolean): Promise<void> {
  if (response.destroyed) return;
  if (!byBytes) {
    if (response.write(text)) return;
    await new Promise<void>((resolve) => {
      response.once("drain", resolve);
      response.once("close", resolve);
    });
    return;
  }
  for (const byte of Buffer.from(text)) {
    response.write(Buffer.of(byte));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
