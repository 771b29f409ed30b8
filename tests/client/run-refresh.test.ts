import { expect, test } from "vitest";
import { refreshDelayMs } from "../../src/client/run-refresh.ts";
import type { Run } from "../../src/client/wire.ts";

test.each<[Run["status"], Run["billing"], number | null]>([
  ["pending", "open", 1_500],
  ["running", "open", 1_500],
  ["interrupted", "open", 20_000],
  ["success", "open", 1_500],
  ["success", "reconciling", 20_000],
  ["cancelled", "settled", null],
  ["skipped", "open", null],
])("a run that is %s with billing %s is read again after %s ms", (status, billing, delay) => {
  expect(refreshDelayMs({ status, billing })).toBe(delay);
});
