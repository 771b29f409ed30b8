import { AIMessage, HumanMessage } from "@langchain/core/messages";
import type { CheckpointTuple } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { chunkUnitsMax, joinChunks, splitText } from "../../../graphs/runtime/checkpoint/chunks.ts";
import { SqlCheckpointSaver } from "../../../graphs/runtime/checkpoint/saver.ts";
import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";
import {
  checkpointOf,
  collect,
  loopMetadata,
  sizeOf,
  startThread,
  threadConfig,
  valuesAt,
} from "./checkpoints.ts";
import { openStorage } from "./open-storage.ts";

function open(storage = openStorage()) {
  return { storage, saver: new SqlCheckpointSaver(storage) };
}

async function ids(list: AsyncGenerator<CheckpointTuple>): Promise<string[]> {
  return (await collect(list)).map((tuple) => tuple.checkpoint.id);
}

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
      const { storage, saver } = open();
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
    const { storage, saver } = open();
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
    const { storage, saver } = open();
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
    const { storage, saver } = open();
    const config = await startThread(saver, "t1").put({ n: 1 });
    storage.sql.exec(
      "UPDATE checkpoint_rows SET body = replace(body, ?, ?)",
      '"value"',
      '"from the future"',
    );

    await expect(saver.getTuple(config)).rejects.toThrow(/unknown form/);
  });

  it("reads a state without the large values that it has no more", async () => {
    const { storage, saver } = open();
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
    const { saver } = open();
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
    const { saver } = open();
    let version: number | undefined;
    for (let count = 1; count <= 1000; count += 1) {
      const [next, fork] = [saver.getNextVersion(version), saver.getNextVersion(version)];
      expect(next).not.toBe(fork);
      expect(Math.floor(next)).toBe(count);
      version = next;
    }
  });
});

describe("a large value", () => {
  // Half of it takes two units a character, so that some cut would fall between them.
  const large = "x" + "\u{1F600}é€".repeat(800_000);

  it("of 5 MB and more comes back whole, from rows that a Durable Object takes", async () => {
    const { storage, saver } = open();
    const message = new HumanMessage({ id: "m1", content: large });
    const config = await startThread(saver, "t1").put({ text: large, messages: [message] });
    await saver.putWrites(config, [["text", large]], "task");

    const tuple = await saver.getTuple(config);

    expect(tuple?.checkpoint.channel_values["text"] === large).toBe(true);
    expect(tuple?.checkpoint.channel_values["messages"]).toHaveProperty("0.id", "m1");
    expect(tuple?.checkpoint.channel_values).toHaveProperty(
      "messages.0.content.length",
      large.length,
    );
    expect(tuple?.pendingWrites?.[0]?.[2] === large).toBe(true);
    for (const kind of ["value", "item", "write"] as const) {
      expect(sizeOf(storage, kind).bytes).toBeGreaterThan(5_000_000);
      expect(sizeOf(storage, kind, "length(CAST(body AS BLOB)) > 1900000").rows).toBe(0);
    }
  });

  it("is never cut inside a character", () => {
    const text = "x".repeat(chunkUnitsMax - 1) + "\u{1F600}y";
    const chunks = splitText(text);
    const rows = chunks.map((body, chunk) => ({ body, chunk }));

    expect(chunks.every((chunk) => chunk.isWellFormed())).toBe(true);
    expect(joinChunks(rows)).toEqual([{ row: rows[0], text }]);
    expect(splitText("")).toEqual([""]);
  });

  it.each([
    ["metadata", { a: 1 }, { note: "n".repeat(chunkUnitsMax) }],
    [
      "names of channels",
      Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`${n}${"漢".repeat(300)}`, 1])),
      {},
    ],
  ])("in the %s is refused with advice, and leaves nothing behind", async (_, values, more) => {
    const { storage, saver } = open();
    const metadata = { ...loopMetadata, ...more };

    await expect(startThread(saver, "t1").put(values, metadata)).rejects.toThrow(
      /keep large values in the graph's state/,
    );

    expect(sizesOf(storage).checkpoints.rows).toBe(0);
  });
});

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
    const { saver } = open();
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
      const { saver } = open();
      const thread = startThread(saver, "t1");
      for (const note of [`' OR '1'='1`, null, 1, true, { a: 1 }, "1", "true", "null"]) {
        await thread.put({}, { ...loopMetadata, note } as typeof loopMetadata);
      }

      const found = await collect(saver.list(threadConfig("t1"), { filter: { note: value } }));

      expect(found.map((tuple) => (tuple.metadata as { note?: unknown }).note)).toEqual([value]);
    },
  );

  it("binds thread, namespace and checkpoint ids", async () => {
    const { saver } = open();
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
    const { saver } = open();
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

describe("writes of a task", () => {
  it("stay as first written when repeated, except for what happened to the task", async () => {
    const { saver } = open();
    const config = await startThread(saver, "t1").put({});
    await saver.putWrites(
      config,
      [
        ["a", 1],
        ["a", 2],
        ["__interrupt__", "first"],
      ],
      "task",
    );
    await saver.putWrites(
      config,
      [
        ["a", 8],
        ["a", 9],
        ["__interrupt__", "second"],
      ],
      "task",
    );
    await saver.putWrites(config, [["__resume__", "yes"]], "task");

    const tuple = await saver.getTuple(config);

    expect(tuple?.pendingWrites).toEqual([
      ["task", "__resume__", "yes"],
      ["task", "__interrupt__", "second"],
      ["task", "a", 1],
      ["task", "a", 2],
    ]);
  });

  it("are ordered by task path, then task, by code point", async () => {
    const { saver } = open();
    const config = await startThread(saver, "t1").put({});
    await saver.putWrites(config, [["a", 4]], "\u{1F600}", "p");
    await saver.putWrites(config, [["a", 3]], "\uE000", "p");
    await saver.putWrites(config, [["a", 2]], "a", "p");
    await saver.putWrites(config, [["a", 1]], "z");

    const tuple = await saver.getTuple(config);

    expect(tuple?.pendingWrites?.map(([, , value]) => value)).toEqual([1, 2, 3, 4]);
  });
});

describe("a thread", () => {
  it("may have more channels than a statement has parameters", async () => {
    const { saver } = open();
    const values = Object.fromEntries(Array.from({ length: 250 }, (_, n) => [`c'"${n}`, n]));

    const config = await startThread(saver, "t1").put(values);

    expect(await valuesAt(saver, config)).toEqual(values);
  });

  it("leaves nothing behind when it is deleted, and others alone", async () => {
    const { storage, saver } = open();
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
    const { storage, saver } = open();
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
    const { saver } = open();
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
    const { saver } = open();
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
    const { saver } = open();
    const config = { configurable: { thread_id: { toString: () => "t1" } } };

    await expect(saver.getTuple(config)).rejects.toThrow(/thread_id must be a string/);
  });

  it("keeps nothing of a checkpoint that cannot be stored whole", async () => {
    const { storage, saver } = open();
    const thread = startThread(saver, "t1");

    await expect(thread.put({ good: 1, bad: () => 1 })).rejects.toThrow(/cannot be checkpointed/);

    expect(sizesOf(storage).checkpoints.rows).toBe(0);
    expect(await saver.getTuple(threadConfig("t1"))).toBeUndefined();
  });
});
