import { parseChunk, type UpstreamChunk } from "./upstream-chunk.ts";

/** What chunks have in common that differ in nothing but a piece of text: the JSON before it and after it. */
interface Frame {
  before: string;
  after: string;
  chunk: UpstreamChunk;
}

/** Some providers pad each chunk differently: after so many that fit no frame it is no longer looked for. */
const framesMax = 4;

/**
 * Reads the chunks of one stream; null where a text is none. Nearly all of them are equal but for one string, so of most
 * only that string is parsed, which takes a third of the time. Nothing is guessed: where the JSON around a string is the
 * same, a sound string in its place makes the same chunk with another text.
 */
export function createChunkParser(): (json: string) => UpstreamChunk | null {
  let frame: Frame | null = null;
  let frames = 0;

  return (json) => {
    const text = frame === null ? null : textIn(json, frame);
    if (text !== null && frame !== null) return withText(frame.chunk, text);
    const chunk = parseChunk(parseJson(json));
    if (chunk !== null && frames < framesMax) {
      frames += 1;
      frame = frameOf(json, chunk);
    }
    return chunk;
  };
}

function textIn(json: string, { before, after }: Frame): string | null {
  const isFramed =
    json.length > before.length + after.length && json.startsWith(before) && json.endsWith(after);
  if (!isFramed) return null;
  const text = parseJson(json.slice(before.length, json.length - after.length));
  return typeof text === "string" ? text : null;
}

/** null where the chunk is anything but one piece of text whose place in the JSON is certain. */
function frameOf(json: string, chunk: UpstreamChunk): Frame | null {
  const content = chunk.choices?.[0]?.delta?.content ?? "";
  if (content === "") return null;
  const key = '"content":';
  const field = key + JSON.stringify(content);
  const at = json.indexOf(field);
  if (at < 0) return null;
  const before = json.slice(0, at + key.length);
  const after = json.slice(at + field.length);
  // The key may stand elsewhere too: with another text in this place, nothing but the chunk's text must be another.
  const other = `${content}.`;
  const changed = parseChunk(parseJson(before + JSON.stringify(other) + after));
  const isItsText = JSON.stringify(changed) === JSON.stringify(withText(chunk, other));
  return isItsText ? { before, after, chunk } : null;
}

function withText(chunk: UpstreamChunk, content: string): UpstreamChunk {
  const [choice] = chunk.choices ?? [];
  return { ...chunk, choices: [{ ...choice, delta: { ...choice?.delta, content } }] };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No value of the schema: refused like any other malformed chunk.
    return undefined;
  }
}
