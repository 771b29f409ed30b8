import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createChunkParser } from "../../src/completion/chunk-parser.ts";
import { parseChunk } from "../../src/completion/upstream-chunk.ts";

/** As if each chunk came alone. */
function parseAlone(json: string) {
  try {
    return parseChunk(JSON.parse(json));
  } catch {
    return null;
  }
}

function parseInTurn(texts: readonly string[]) {
  const parse = createChunkParser();
  return texts.map(parse);
}

const say = (content: string, more: object = {}) =>
  JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta: { content }, ...more }] });

describe("a stream's chunk parser", () => {
  const content = fc.oneof(fc.string(), fc.constantFrom("a", '"', "\\", '","content":"', "\u0000"));
  const chunk = fc.oneof(
    content.map((text) => say(text)),
    content.map((text) => say(text, { finish_reason: "stop" })),
    fc.tuple(content, content).map(([id, text]) => say(text).replace('"c"', JSON.stringify(id))),
    // The same key elsewhere, before and after the text, and a second choice.
    fc.tuple(content, content).map(([log, text]) => say(text, { logprobs: { content: log } })),
    content.map((text) => `{"content":"a",${say(text).slice(1)}`),
    content.map((text) => say(text).replace("}}]", `}},{"delta":{"content":"a"}}]`)),
    content.map((text) => say(text).replace('"content":', '"content":"a","content":')),
    // What is no JSON, or becomes none where a text should be.
    fc.constantFrom("{", say("a").replace('"a"', ""), say("a").replace('"a"', '"a" "b"')),
    fc.constantFrom(say("a").replace('"a"', "12"), say("a").replace('"a"', ' "a" ')),
  );

  it("reads every chunk as if it had come alone", () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 20 }), (texts) => {
        expect(parseInTurn(texts)).toEqual(texts.map(parseAlone));
      }),
      { numRuns: 2_000 },
    );
  });

  it("reads texts between the same beginning and end, whatever is in them", () => {
    fc.assert(
      fc.property(fc.array(content, { maxLength: 20 }), (contents) => {
        const texts = ["a", ...contents].map((text) => say(text));
        expect(parseInTurn(texts)).toEqual(texts.map(parseAlone));
      }),
    );
  });

  it("reads on where every chunk is padded differently", () => {
    const texts = Array.from({ length: 12 }, (_, index) => say(`${index}`, { pad: `p${index}` }));
    expect(parseInTurn(texts)).toEqual(texts.map(parseAlone));
  });
});
