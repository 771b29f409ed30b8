import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { SqlCheckpointSaver } from "../../../graphs/runtime/checkpoint/saver.ts";
import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";
import {
  checkpointOf,
  loopMetadata,
  sizeOf,
  startThread,
  threadConfig,
  valuesAt,
} from "./checkpoints.ts";
import { openSaver, openStorage } from "./open-storage.ts";

const kinds = ["checkpoint", "item"] as const;

function sizesOf(storage: CheckpointStorage) {
  const [checkpoints, items] = kinds.map((kind) => sizeOf(storage, kind));
  return { checkpoints: checkpoints!, items: items! };
}

describe("storage of a long run", () => {
  it(
    "grows with the steps, not with their square, for a conversation and channels at rest",
    { timeout: 60_000 },
    async () => {
      const { storage, saver } = openSaver();
      const thread = startThread(saver, "t1");
      const rest = Array.from({ length: 60 }, (_, index) => [`rest${index}`, "r".repeat(2000)]);
      const messages: object[] = [];
      await thread.put(Object.fromEntries(rest) as Record<string, string>);
      const begun = sizesOf(storage);

      const steps = async (count: number) => {
        for (let step = 0; step < count; step += 1) {
          messages.push(
            new HumanMessage({ id: String(messages.length), content: "m".repeat(200) }),
          );
          await thread.put({ messages: [...messages] });
        }
        return sizesOf(storage);
      };
      const half = await steps(500);
      const whole = await steps(500);

      expect(whole.checkpoints.rows).toBe(1001);
      expect(whole.items.rows).toBe(1000);
      expect(sizeOf(storage, "value").rows).toBe(60);
      for (const table of ["checkpoints", "items"] as const) {
        const [first, second] = [
          half[table].bytes - begun[table].bytes,
          whole[table].bytes - half[table].bytes,
        ];
        expect(second).toBeLessThan(1.05 * first);
      }
      expect(await valuesAt(saver, threadConfig("t1"))).toMatchObject({
        messages,
        rest59: rest[59]![1],
      });
    },
  );

  it("keeps each list whole when it is changed at its end, in its middle or anew", async () => {
    const { storage, saver } = openSaver();
    const thread = startThread(saver, "t1");
    const at = (...names: string[]) =>
      names.map((content) => new AIMessage({ id: content, content }));
    const lists = [
      at("a"),
      at("a", "b", "c"),
      at("a", "b", "C"),
      at("a", "b", "C", "d"),
      at("x"),
      at(),
      at("a", "b"),
    ];

    const configs = [];
    for (const messages of lists) configs.push(await thread.put({ messages }));

    for (const [index, config] of configs.entries()) {
      expect(await valuesAt(saver, config)).toEqual({ messages: lists[index] });
    }
    expect(sizeOf(storage, "item").rows).toBe("a bc C d x ab".replaceAll(" ", "").length);
  });

  it("keeps every value of a list that is no list of objects", async () => {
    const { storage, saver } = openSaver();
    const thread = startThread(saver, "t1");
    const holed = Object.assign([], { 1: { a: 1 } });
    const values = [[1, 2], [1, 2, 3], [{ a: 1 }, null], [["x"]], [], ["text"], holed];

    const configs = [];
    for (const list of values) configs.push(await thread.put({ list }));

    for (const [index, config] of configs.entries()) {
      expect(await valuesAt(saver, config)).toEqual({ list: values[index] });
    }
    expect(sizeOf(storage, "item").rows).toBe(0);
  });

  it("is refused in a form that newer code has stored it in", async () => {
    const { storage, saver } = openSaver();
    const config = await startThread(saver, "t1").put({ n: 1 });
    storage.sql.exec(
      "UPDATE checkpoint_rows SET body = replace(body, ?, ?)",
      '"value"',
      '"from the future"',
    );

    await expect(saver.getTuple(config)).rejects.toThrow(/unknown form/);
  });

  it("reads a state without the large values that it has no more", async () => {
    const { storage, saver } = openSaver();
    const thread = startThread(saver, "t1");
    for (let step = 0; step < 20; step += 1) {
      await thread.put({ [`part${step}`]: step, draft: String(step % 10).repeat(100_000) });
    }
    let unitsRead = 0;
    const { exec } = storage.sql;
    const counting = {
      exec: (query: string, ...bindings: unknown[]) => {
        const rows = exec(query, ...bindings).toArray();
        unitsRead += JSON.stringify(rows).length;
        return { toArray: () => rows };
      },
    } as typeof storage.sql;

    const reading = new SqlCheckpointSaver({ ...storage, sql: counting });
    const values = await valuesAt(reading, threadConfig("t1"));

    expect(values).toMatchObject({ part0: 0, part19: 19, draft: "9".repeat(100_000) });
    expect(unitsRead).toBeLessThan(200_000);
  });

  it("tells forks of a thread apart, though both count on from the same version", async () => {
    const { saver } = openSaver();
    const root = await startThread(saver, "t1").put({ n: "root" });
    const version = saver.getNextVersion(undefined);

    const forks = [];
    for (const [index, n] of ["left", "right"].entries()) {
      const versions = { n: saver.getNextVersion(version) };
      const checkpoint = checkpointOf(index + 1, { n }, versions);
      forks.push(await saver.put(root, checkpoint, loopMetadata, versions));
    }

    expect(await valuesAt(saver, forks[0]!)).toEqual({ n: "left" });
    expect(await valuesAt(saver, forks[1]!)).toEqual({ n: "right" });
  });

  it("counts versions on and never to the same one twice", () => {
    const { saver } = openSaver();
    let version: number | undefined;
    for (let count = 1; count <= 1000; count += 1) {
      const [next, fork] = [saver.getNextVersion(version), saver.getNextVersion(version)];
      expect(next).not.toBe(fork);
      expect(Math.floor(next)).toBe(count);
      version = next;
    }
  });
});

describe("a thread", () => {
  it("may have more channels than a statement has parameters", async () => {
    const { saver } = openSaver();
    const values = Object.fromEntries(Array.from({ length: 250 }, (_, n) => [`c'"${n}`, n]));

    const config = await startThread(saver, "t1").put(values);

    expect(await valuesAt(saver, config)).toEqual(values);
  });

  it("leaves nothing behind when it is deleted, and others alone", async () => {
    const { storage, saver } = openSaver();
    for (const threadId of ["t1", "t2"]) {
      const config = await startThread(saver, threadId).put({ a: 1, messages: [{ id: 1 }] });
      await saver.putWrites(config, [["a", 2]], "task");
    }

    await saver.deleteThread("t1");

    for (const kind of [...kinds, "write"] as const) {
      expect(sizeOf(storage, kind, "thread_id = 't1'").rows).toBe(0);
      expect(sizeOf(storage, kind, "thread_id = 't2'").rows).toBeGreaterThan(0);
    }
  });

  it("is as it was when a checkpoint is stored again", async () => {
    const { storage, saver } = openSaver();
    const values = { n: 1, messages: [{ id: "m1" }] };
    const versions = { n: 1.5, messages: 1.5 };
    const put = () =>
      saver.put(threadConfig("t1"), checkpointOf(0, values, versions), loopMetadata, versions);
    const config = await put();
    const before = sizesOf(storage);

    await put();

    expect(sizesOf(storage)).toEqual(before);
    expect(await valuesAt(saver, config)).toEqual(values);
  });

  it("keeps what later checkpoints have too when one is stored again with less, or with more", async () => {
    const { saver } = openSaver();
    const put = (n: number, values: Record<string, unknown>, versions: Record<string, number>) =>
      saver.put(threadConfig("t1"), checkpointOf(n, values, versions), loopMetadata, versions);
    const first = await put(0, { a: 1, large: "l".repeat(9_000) }, { a: 1.5, large: 1.5 });
    const versions = { a: 1.5, large: 1.5, b: 2.5 };
    const next = await saver.put(first, checkpointOf(1, { b: 2 }, versions), loopMetadata, {
      b: 2.5,
    });

    await saver.put(threadConfig("t1"), checkpointOf(0, {}, { a: 1.5 }), loopMetadata, {});
    await put(0, { a: 9 }, { a: 2.25 });

    expect(await valuesAt(saver, next)).toEqual({ a: 1, large: "l".repeat(9_000), b: 2 });
    expect(await valuesAt(saver, first)).toEqual({ a: 9 });
  });

  it("is read whatever somebody has put into its metadata", async () => {
    const { saver } = openSaver();
    const deep = Array.from({ length: 1_100 }).reduce<unknown>((inner) => [inner], 0);
    const config = await startThread(saver, "t1").put({ a: 1 }, {
      ...loopMetadata,
      deep,
    } as typeof loopMetadata);

    expect(await valuesAt(saver, config)).toEqual({ a: 1 });
  });

  it("refuses lists whose channels the database cannot tell apart", async () => {
    const storage = openStorage();
    const saver = new SqlCheckpointSaver(storage, true);

    const put = startThread(saver, "t1").put({ "\ud800": [{ a: 1 }], "\ud801": [{ b: 2 }] });

    await expect(put).rejects.toThrow(/UNIQUE/);
    expect(sizesOf(storage).items.rows).toBe(0);
  });

  it("must be named by a string", async () => {
    const { saver } = openSaver();
    const config = { configurable: { thread_id: { toString: () => "t1" } } };

    await expect(saver.getTuple(config)).rejects.toThrow(/thread_id must be a string/);
  });

  it("keeps nothing of a checkpoint that cannot be stored whole", async () => {
    const { storage, saver } = openSaver();
    const thread = startThread(saver, "t1");

    await expect(thread.put({ good: 1, bad: () => 1 })).rejects.toThrow(/cannot be checkpointed/);

    expect(sizesOf(storage).checkpoints.rows).toBe(0);
    expect(await saver.getTuple(threadConfig("t1"))).toBeUndefined();
  });
});
