import { createParser } from "eventsource-parser";
import type { AnswerSoFar } from "./answer-so-far.ts";
import type { BodyReader } from "./body-reader.ts";
import { readerOf } from "./body-reader.ts";
import { createChunkParser, parseJson } from "./chunk-parser.ts";
import { GatheredText, pieceSpanMs } from "./gathered-text.ts";
import { parseCompletion } from "./upstream-chunk.ts";
import type { UpstreamLimits, UpstreamTimer } from "./upstream-timer.ts";

/** One event of a stream; the longest honest ones carry a tool call's arguments. */
const eventCharsMax = 1_000_000;
/** Of a body without events, which may be in many lines. */
const bodyCharsMax = 2 * eventCharsMax;

/**
 * How a body ended: `whole` with a finish reason; `malformed` when it says something else than a chat completion, or more
 * than can be kept, or stops without a finish reason; `lost` when the connection broke or was closed by us.
 */
export type BodyEnd = "whole" | "malformed" | "lost";

/**
 * Fills `soFar` and yields the text as it arrives, gathered into pieces; reading goes on meanwhile. Never throws. Closed
 * early, it waits until the body is closed.
 */
export async function* readAnswer(
  body: ReadableStream<Uint8Array> | null,
  soFar: AnswerSoFar,
  timer: UpstreamTimer,
  limits: UpstreamLimits,
): AsyncGenerator<string, BodyEnd> {
  if (body === null) return "malformed";
  const reader = readerOf(body);
  const text = new GatheredText();
  const reading = readBody(reader, soFar, timer, limits, text).finally(() => text.close());
  try {
    yield* text.read();
    return await reading;
  } finally {
    await reader.cancel();
    await reading;
  }
}

async function readBody(
  reader: BodyReader,
  soFar: AnswerSoFar,
  timer: UpstreamTimer,
  limits: UpstreamLimits,
  text: GatheredText,
): Promise<BodyEnd> {
  const seen = { done: false, malformed: false, text: "", events: 0 };
  /** The body as long as it has no events: a gateway that does not stream, whatever it is asked, sends one JSON. */
  let unstreamed = "";
  const parseChunk = createChunkParser();
  const parser = createParser({
    maxBufferSize: eventCharsMax,
    onEvent({ data }) {
      seen.events += 1;
      if (seen.done || seen.malformed) return;
      if (data === "[DONE]") {
        seen.done = true;
        soFar.end();
        return;
      }
      const chunk = parseChunk(data);
      if (chunk === null || (chunk.error ?? null) !== null) seen.malformed = true;
      else seen.text += soFar.add(chunk);
      if (soFar.isTooLong) seen.malformed = true;
    },
    onError(error) {
      if (error.type === "max-buffer-size-exceeded") seen.malformed = true;
    },
  });
  const decoder = new TextDecoder();
  // One wait after another with at most a short rest between them: the timer only needs to be told of each.
  while (!seen.malformed) {
    let bytes: Uint8Array | undefined;
    try {
      timer.expect(seen.done ? limits.closingMsMax : limits.idleMsMax);
      bytes = await reader.read();
    } catch {
      // After `[DONE]` it no longer matters how the connection ends; before it, the caller knows why it was lost.
      if (seen.done) break;
      return "lost";
    }
    if (bytes === undefined) break;
    const part = decoder.decode(bytes, { stream: true });
    parser.feed(part);
    if (seen.events === 0 && unstreamed.length < bodyCharsMax) unstreamed += part;
    if (seen.text === "") continue;
    text.add(seen.text);
    seen.text = "";
    // Later pieces go out at this pace in any case.
    if (!seen.done) await reader.rest(pieceSpanMs);
  }
  if (seen.events === 0 && !seen.malformed) text.add(addWhole(soFar, unstreamed));
  return !seen.malformed && !soFar.isTooLong && soFar.finishReason !== null ? "whole" : "malformed";
}

/** Returns the text of a body that is one JSON, where it is a chat completion. */
function addWhole(soFar: AnswerSoFar, body: string): string {
  const chunk = parseCompletion(parseJson(body));
  if (chunk === null || (chunk.error ?? null) !== null) return "";
  const text = soFar.add(chunk);
  soFar.end();
  return text;
}
