import { expect, test } from "vitest";
import { threadTitle } from "../../src/client/thread-title.ts";

test("a short message is its own title, on one line", () => {
  expect(threadTitle("  One\n two ")).toBe("One two");
  expect(threadTitle("x".repeat(80))).toBe("x".repeat(80));
});

test("a long one is cut, and an emoji at the cut is whole or gone", () => {
  expect(threadTitle(`${"x".repeat(78)}🦜🦜🦜`)).toBe(`${"x".repeat(78)}🦜…`);
  expect(threadTitle(`${"x".repeat(79)}🦜🦜`)).toBe(`${"x".repeat(79)}…`);
});
