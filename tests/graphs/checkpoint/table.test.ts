import { HumanMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { beginAttempt } from "../../../graphs/runtime/checkpoint/attempt-rows.ts";
import { countAnswers } from "../../../graphs/runtime/checkpoint/question-rows.ts";
import { SqlCheckpointSaver } from "../../../graphs/runtime/checkpoint/saver.ts";
import { ensureCheckpointTable } from "../../../graphs/runtime/checkpoint/table.ts";
import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";
import { sqliteStorage } from "../../run/sqlite-storage.ts";
import { collect, threadConfig } from "./checkpoints.ts";
import { firstTables } from "./first-tables.ts";

function tablesIn({ sql }: CheckpointStorage): unknown[] {
  return sql
    .exec("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .toArray()
    .map((row) => row["name"]);
}

describe("the checkpointer's table", () => {
  it("is made once", () => {
    const storage = sqliteStorage();

    expect(ensureCheckpointTable(storage)).toBe(true);

    const rowsWritten = storage.rowsWritten();
    expect(ensureCheckpointTable(storage)).toBe(false);
    expect(tablesIn(storage)).toEqual(["checkpoint_rows"]);
    expect(storage.rowsWritten()).toBe(rowsWritten);
  });
});

describe("the first version's tables", () => {
  function convert() {
    const storage = sqliteStorage();
    storage.sql.exec(firstTables);
    const isNew = ensureCheckpointTable(storage);
    return { storage, isNew, saver: new SqlCheckpointSaver(storage, isNew) };
  }

  it("are taken over whole, and then gone", async () => {
    const { storage, isNew, saver } = convert();

    expect(isNew).toBe(false);
    expect(tablesIn(storage)).toEqual(["checkpoint_rows", "checkpoint_schema"]);
    const latest = await saver.getTuple(threadConfig("run_1"));
    expect(latest).toMatchObject({
      config: { configurable: { checkpoint_id: "step-2" } },
      parentConfig: { configurable: { checkpoint_id: "step-1" } },
      metadata: { source: "loop", step: 1, parents: {} },
    });
    expect(latest?.checkpoint.channel_versions).toEqual({ messages: 2.5, "a b": 1.25 });
    expect(latest?.checkpoint.channel_values["a b"]).toBe("both halves");
    const messages = latest?.checkpoint.channel_values["messages"] as HumanMessage[];
    expect(messages.map(({ id, content }) => [id, content])).toEqual([
      ["m1", "one"],
      ["m2", "two"],
    ]);
    expect(latest?.pendingWrites).toEqual([
      ["task-b", "messages", "from b"],
      ["task-a", "__resume__", ["yes"]],
      ["task-a", "__interrupt__", [{ id: "question" }]],
      ["task-a", "messages", "from a"],
    ]);
    const first = await saver.getTuple({
      configurable: { thread_id: "run_1", checkpoint_id: "step-1" },
    });
    expect(first?.parentConfig).toBeUndefined();
    expect(first?.checkpoint.channel_values["messages"]).toHaveLength(1);
  });

  it("can be gone on from: questions, attempts, lists and filters know what was there", async () => {
    const { storage, saver } = convert();

    expect(countAnswers(storage.sql, "run_1", "question")).toBe(1);
    expect(beginAttempt(storage, "run_1", 1, 7)).toBe(0);
    const found = saver.list(threadConfig("run_1"), { filter: { source: "input" } });
    expect((await collect(found)).map(({ checkpoint }) => checkpoint.id)).toEqual(["step-1"]);

    const latest = await saver.getTuple(threadConfig("run_1"));
    const { checkpoint, config, metadata } = latest!;
    const before = checkpoint.channel_values["messages"] as HumanMessage[];
    const messages = [...before, new HumanMessage({ id: "m3", content: "three" })];
    const versions = { messages: saver.getNextVersion(2.5) };
    await saver.put(
      config,
      {
        ...checkpoint,
        id: "step-3",
        channel_values: { ...checkpoint.channel_values, messages },
        channel_versions: { ...checkpoint.channel_versions, ...versions },
      },
      metadata!,
      versions,
    );
    const next = await saver.getTuple(threadConfig("run_1"));
    expect(next?.checkpoint.channel_values).toEqual({ messages, "a b": "both halves" });
    // Only the new one was added.
    const items = storage.sql.exec("SELECT 1 FROM checkpoint_rows WHERE kind = 'item'").toArray();
    expect(items).toHaveLength(3);
  });

  it("leave a version behind that their own code does not take for none", () => {
    const { storage } = convert();

    const [row] = storage.sql.exec("SELECT version FROM checkpoint_schema").toArray();

    expect(row).toEqual({ version: 2 });
  });

  it("count where they were made beside the present one: their code was the last to run", async () => {
    const { storage } = convert();
    storage.sql.exec("DROP TABLE checkpoint_schema");
    storage.sql.exec(firstTables.replaceAll("step-", "later-"));

    ensureCheckpointTable(storage);

    const latest = await new SqlCheckpointSaver(storage).getTuple(threadConfig("run_1"));
    expect(latest?.checkpoint.id).toBe("later-2");
    expect(ensureCheckpointTable(storage)).toBe(false);
  });

  it("stay as they are when they cannot be taken over", () => {
    const storage = sqliteStorage();
    storage.sql.exec(firstTables.replace('{"v":4,"id":"step-2"', "no JSON"));
    const before = tablesIn(storage);

    expect(() => ensureCheckpointTable(storage)).toThrow(/JSON/);

    expect(tablesIn(storage)).toEqual(before);
  });
});
