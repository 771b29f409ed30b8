import { describe, expect, it } from "vitest";
import { parseUsage } from "../../src/completion/upstream-chunk.ts";

const nested = (levels: number): unknown =>
  JSON.parse(`${'{"x":'.repeat(levels)}1${"}".repeat(levels)}`);

describe("the usage that an upstream states", () => {
  const counts = { prompt_tokens: 10, completion_tokens: 20 };

  it.each([
    [1, { ...counts, details: nested(1) }],
    [200, null],
    [100_000, null],
  ])("nested %i deep, is counted; its evidence is kept where it can be", (levels, raw) => {
    const usage = parseUsage({ ...counts, details: nested(levels) });
    expect(usage).toMatchObject({ inputTokens: 10, outputTokens: 20, raw });
  });
});
