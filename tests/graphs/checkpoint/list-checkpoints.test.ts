import type { CheckpointTuple } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import {
  checkpointOf,
  collect,
  loopMetadata,
  startThread,
  threadConfig,
  valuesAt,
} from "./checkpoints.ts";
import { openSaver } from "./open-storage.ts";

async function ids(list: AsyncGenerator<CheckpointTuple>): Promise<string[]> {
  return (await collect(list)).map((tuple) => tuple.checkpoint.id);
}

describe("listing by metadata", () => {
  const hostileKeys = [
    `x') = 1 OR 1=1 --`,
    `source') OR ('a' = 'a`,
    `$."source"`,
    `source`,
    `"; DROP TABLE checkpoints; --`,
    "a.b[0]",
    "__proto__",
    "$rl",
    "",
    "é\u{1F600}\\\"'\n",
  ];

  it.each(hostileKeys)("takes the key %j for a key and nothing else", async (key) => {
    const { saver } = openSaver();
    const thread = startThread(saver, "t1");
    const entry = (value: unknown) => Object.fromEntries([[key, value]]) as object;
    await thread.put({ a: 1 });
    await thread.put({ a: 2 }, { ...loopMetadata, ...entry("wanted") });
    await thread.put({ a: 3 }, { ...loopMetadata, ...entry("other") });

    const found = saver.list(threadConfig("t1"), { filter: entry("wanted") });

    expect(await ids(found)).toEqual(["step-000001"]);
    expect(await ids(saver.list(threadConfig("t1")))).toHaveLength(3);
    const tuple = await saver.getTuple({
      configurable: { thread_id: "t1", checkpoint_id: "step-000001" },
    });
    expect(tuple?.metadata).toEqual({ ...loopMetadata, ...entry("wanted") });
  });

  it.each([`' OR '1'='1`, null, 1, true, { a: 1 }])(
    "compares the value %j by type",
    async (value) => {
      const { saver } = openSaver();
      const thread = startThread(saver, "t1");
      for (const note of [`' OR '1'='1`, null, 1, true, { a: 1 }, "1", "true", "null"]) {
        await thread.put({}, { ...loopMetadata, note } as typeof loopMetadata);
      }

      const found = await collect(saver.list(threadConfig("t1"), { filter: { note: value } }));

      expect(found.map((tuple) => (tuple.metadata as { note?: unknown }).note)).toEqual([value]);
    },
  );

  it("binds thread, namespace and checkpoint ids", async () => {
    const { saver } = openSaver();
    const evil = `x' OR '1'='1`;
    await startThread(saver, "t1").put({ a: 1 });
    await saver.put(
      threadConfig(evil, evil),
      checkpointOf(7, { [evil]: 1 }, { [evil]: 1 }),
      loopMetadata,
      { [evil]: 1 },
    );

    expect(await ids(saver.list(threadConfig(evil, evil)))).toEqual(["step-000007"]);
    expect(await valuesAt(saver, threadConfig(evil, evil))).toEqual({ [evil]: 1 });
    await saver.deleteThread(evil);
    expect(await ids(saver.list({}))).toEqual(["step-000000"]);
  });

  it("gives the latest first, older than a given one, no more than asked", async () => {
    const { saver } = openSaver();
    const thread = startThread(saver, "t1");
    for (let step = 0; step < 5; step += 1) await thread.put({ step });
    const before = { configurable: { thread_id: "t1", checkpoint_id: "step-000003" } };

    expect(await ids(saver.list(threadConfig("t1"), { before, limit: 2 }))).toEqual([
      "step-000002",
      "step-000001",
    ]);
    expect(await ids(saver.list(threadConfig("t1"), { limit: 0 }))).toEqual([]);
    expect(await ids(saver.list(threadConfig("t1"), { limit: -1 }))).toEqual([]);
  });
});
