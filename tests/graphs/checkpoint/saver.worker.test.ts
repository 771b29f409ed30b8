import { HumanMessage } from "@langchain/core/messages";
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { SqlCheckpointSaver } from "../../../graphs/runtime/checkpoint/saver.ts";
import { ensureCheckpointTable } from "../../../graphs/runtime/checkpoint/table.ts";
import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";
import type { RunStorage } from "../../../src/run/storage.ts";
import {
  collect,
  loopMetadata,
  sizeOf,
  startThread,
  threadConfig,
  valuesAt,
} from "./checkpoints.ts";

/** Runs inside a new RunObject; the checkpointer must take the storage that its parts take. */
function inRunObject(work: (storage: CheckpointStorage) => Promise<void>): Promise<void> {
  const stub = env.RUNS.get(env.RUNS.newUniqueId());
  return runInDurableObject(stub, async (_instance, context) => {
    const storage: RunStorage = context.storage;
    ensureCheckpointTable(storage);
    await work(storage);
  });
}

describe("the checkpointer in a RunObject", () => {
  it("keeps a value of 5 MB in rows of less than 2 MB", () =>
    inRunObject(async (storage) => {
      const saver = new SqlCheckpointSaver(storage);
      const large = "é\u{1F600}".repeat(900_000);
      const messages = [new HumanMessage({ id: "m1", content: large })];
      const config = await startThread(saver, "t1").put({ large, messages });
      await saver.putWrites(config, [["large", large]], "task");

      const tuple = await saver.getTuple(config);

      expect(tuple?.checkpoint.channel_values["large"] === large).toBe(true);
      expect(tuple?.pendingWrites?.[0]?.[2] === large).toBe(true);
      for (const kind of ["value", "item", "write"] as const) {
        expect(sizeOf(storage, kind).bytes).toBeGreaterThan(5_000_000);
        expect(sizeOf(storage, kind, "length(CAST(body AS BLOB)) > 1900000").rows).toBe(0);
      }
    }));

  it("takes the keys of a filter and the names of channels for values", () =>
    inRunObject(async (storage) => {
      const saver = new SqlCheckpointSaver(storage);
      const keys = [`x') = 1 OR 1=1 --`, `"; DROP TABLE checkpoints; --`, `$."source"`, "$rl"];
      const channels = Object.fromEntries(
        Array.from({ length: 250 }, (_, n) => [`${keys[n % 4]}${n}`, n]),
      );
      const thread = startThread(saver, "t1");
      await thread.put(channels);
      for (const key of keys) {
        const entry = Object.fromEntries([[key, "wanted"]]) as object;
        await thread.put({}, { ...loopMetadata, ...entry });

        const found = await collect(saver.list(threadConfig("t1"), { filter: entry }));

        expect(found.map((tuple) => tuple.metadata)).toEqual([{ ...loopMetadata, ...entry }]);
      }
      expect(await valuesAt(saver, threadConfig("t1"))).toEqual(channels);
    }));

  it("undoes a checkpoint whose last value cannot be stored", () =>
    inRunObject(async (storage) => {
      const saver = new SqlCheckpointSaver(storage);

      const put = startThread(saver, "t1").put({ good: 1, bad: () => 1 });

      await expect(put).rejects.toThrow(/cannot be checkpointed/);
      expect(sizeOf(storage, "checkpoint").rows).toBe(0);
    }));
});
