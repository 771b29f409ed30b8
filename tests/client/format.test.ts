import { expect, test } from "vitest";
import {
  formatAgo,
  formatAlignedMoney,
  formatCredits,
  formatDuration,
  formatMoney,
  formatPrice,
  formatShortMoney,
  graphName,
  runIdIn,
} from "../../src/client/format.ts";

test.each([
  [0, "$0.00"],
  [1, "$0.0000001"],
  [12_345_678, "$1.2345678"],
  [50_000_000, "$5.00"],
  [-2_345, "−$0.0002345"],
  [123_456_789_000_000, "$12,345,678.90"],
])("%i credits read %s, exact to the last one", (credits, text) => {
  expect(formatMoney(credits)).toBe(text);
});

test.each([
  [49_999_999, "$4.99"],
  [50_000_000, "$5.00"],
  [20, "< $0.01"],
  [0, "$0.00"],
  [-20, "−$0.01"],
])("where there is no room, %i credits read %s", (credits, text) => {
  expect(formatShortMoney(credits)).toBe(text);
});

test("in a column every amount has the same number of digits after its point", () => {
  expect([1, 24_000, -50_000_000].map(formatAlignedMoney)).toEqual([
    "$0.0000001",
    "$0.0024000",
    "−$5.0000000",
  ]);
});

test("a price has at least two decimals", () => {
  expect(["1", "0.6", "0.15", "0.075"].map(formatPrice)).toEqual([
    "$1.00",
    "$0.60",
    "$0.15",
    "$0.075",
  ]);
});

test("one credit is singular", () => {
  expect([formatCredits(1), formatCredits(1_000)]).toEqual(["1 credit", "1,000 credits"]);
});

test("a duration has the precision that its length deserves", () => {
  expect([-5, 40, 9_940, 12_400, 185_000].map(formatDuration)).toEqual([
    "< 0.1 s",
    "< 0.1 s",
    "9.9 s",
    "12 s",
    "3 min 5 s",
  ]);
});

test("a distance in time is told in its own unit, before and after now", () => {
  const now = Date.parse("2026-03-10T12:00:00Z");
  const at = (minutes: number) => formatAgo(new Date(now + minutes * 60_000).toISOString(), now);
  expect([at(0), at(-5), at(-180), at(-3 * 1_440), at(90)]).toEqual([
    "just now",
    "5 min ago",
    "3 h ago",
    "3 days ago",
    "in 2 h",
  ]);
});

test("a graph is named by what follows the first colon", () => {
  expect(graphName("langgraph:poet")).toBe("poet");
  expect(graphName("n8n:a:b")).toBe("a:b");
});

test("a ledger reference names its run, and a top-up none", () => {
  const runId = `run_${"0".repeat(26)}`;
  expect(runIdIn(`litellm:${runId}/0/call-1`)).toBe(runId);
  expect(runIdIn("demo grant")).toBeNull();
});
