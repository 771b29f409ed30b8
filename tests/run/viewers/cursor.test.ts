import { describe, expect, it } from "vitest";
import { parseCursor } from "../../../src/run/viewers/cursor.ts";

describe("a viewer's cursor", () => {
  it.each([
    [null, 0],
    ["", 0],
    ["0", 0],
    ["7", 7],
    ["8", null],
    ["-1", null],
    ["1.5", null],
    ["1e3", null],
    ["x", null],
    ["99999999999999999999", null],
  ])("%s of a log of 7 is read as %s", (text, expected) => {
    expect(parseCursor(text, 7)).toBe(expected);
  });
});
