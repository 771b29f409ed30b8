import { expect, it } from "vitest";
import { Outbox } from "../../../src/run/journal/outbox.ts";
import { createTables } from "../../../src/run/storage.ts";
import { context, factOf } from "../../conformance/fakes.ts";
import { sqliteStorage } from "../sqlite-storage.ts";

it("sends what is waiting in the order in which it happened, whatever its keys", () => {
  const storage = sqliteStorage();
  createTables(storage);
  const outbox = new Outbox(storage);
  const facts = ["c", "a", "b"].map((usageUnitId, second) =>
    factOf({ ...context, usageUnitId, occurredAt: `2026-01-01T00:00:0${second}.000Z` }),
  );
  for (const fact of facts.toReversed()) outbox.put(fact);
  expect(outbox.waiting()).toEqual(facts);
  for (const fact of facts) outbox.mark(fact, "committed");
  expect(outbox.waiting()).toEqual([]);
});
