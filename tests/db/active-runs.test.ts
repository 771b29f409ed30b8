import { expect, it } from "vitest";
import { activeStatuses, isActive } from "../../src/db/active-runs.ts";

it("a run that waits for a person's answer is active, one that was skipped is not", () => {
  expect(isActive("interrupted")).toBe(true);
  expect(isActive("skipped")).toBe(false);
});

it("in SQL they are the same, spelled as in the migrations' partial indexes", () => {
  expect(activeStatuses).toBe("('pending', 'running', 'interrupted')");
});
