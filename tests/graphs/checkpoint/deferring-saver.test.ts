import { HumanMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { DeferringSaver } from "../../../graphs/runtime/checkpoint/deferring-saver.ts";
import { SqlCheckpointSaver } from "../../../graphs/runtime/checkpoint/saver.ts";
import { createGraphRunner } from "../../../graphs/runtime/run-graph.ts";
import { sqliteStorage } from "../../run/sqlite-storage.ts";
import { copyStorage } from "../copy-storage.ts";
import { scripted } from "../scripted.ts";
import { chain } from "../step-graphs.ts";
import { loopMetadata, sizeOf, startThread, threadConfig, valuesAt } from "./checkpoints.ts";
import { echoed, sayAndEcho } from "./echo-graph.ts";
import { openStorage } from "./open-storage.ts";

function open() {
  const storage = openStorage();
  const stored = new SqlCheckpointSaver(storage);
  const saver = new DeferringSaver(stored);
  return { storage, stored, saver, thread: startThread(saver, "t1") };
}

const config = threadConfig("t1");
const message = (content: string) => new HumanMessage({ id: content, content });

describe("a saver that defers", () => {
  it("stores nothing until it is asked to, and then the latest step with all that it holds", async () => {
    const { storage, stored, saver, thread } = open();
    const state = [message("a")];
    await thread.put({ messages: state, fixed: "f", fleeting: 1 });
    const first = await thread.put({ messages: [...state, message("b")], fleeting: 2 });
    expect(await stored.getTuple(config)).toBeUndefined();

    saver.keep();
    expect(sizeOf(storage, "checkpoint").rows).toBe(1);
    const kept = await stored.getTuple(config);
    expect(kept?.config).toEqual(first);
    expect(kept?.parentConfig).toBeUndefined();
    expect(await valuesAt(stored, config)).toEqual({
      messages: [message("a"), message("b")],
      fixed: "f",
      fleeting: 2,
    });

    // The next one goes on from what is stored.
    await thread.put({ fleeting: 3 });
    await thread.put({ messages: [...state, message("b"), message("c")] });
    saver.keep();
    const next = await stored.getTuple(config);
    expect(next?.parentConfig).toEqual(first);
    expect(next?.checkpoint.channel_values).toMatchObject({ fixed: "f", fleeting: 3 });
    expect(sizeOf(storage, "item").rows).toBe(3);
  });

  it("stores the state as it was handed over, whatever a node does to it afterwards", async () => {
    const { stored, saver, thread } = open();
    const list = [message("a")];
    const plain = { count: 1 };
    await thread.put({ messages: list, plain });
    list.push(message("b"));
    plain.count = 2;
    saver.keep();
    expect(await valuesAt(stored, config)).toEqual({
      messages: [message("a")],
      plain: { count: 1 },
    });
  });

  it("stores what a task has written at once when it may have cost something", async () => {
    const { stored, saver, thread } = open();
    const step = await thread.put({ messages: [message("a")] });
    await saver.putWrites(step, [["messages", "free"]], "task-1");
    expect(await stored.getTuple(config)).toBeUndefined();
    saver.keep();
    await saver.putWrites(step, [["messages", "paid"]], "task-2");
    expect((await stored.getTuple(config))?.pendingWrites).toEqual([
      ["task-1", "messages", "free"],
      ["task-2", "messages", "paid"],
    ]);
  });

  it("keeps what was written at a stored step beside the steps after it", async () => {
    const { stored, saver, thread } = open();
    const step = await thread.put({ messages: [message("a")] });
    saver.keep();
    await saver.putWrites(step, [["__resume__", "yes"]], "task-1");
    await thread.put({ messages: [message("b")] });
    saver.keep();
    expect((await stored.getTuple(step))?.pendingWrites).toHaveLength(1);
  });

  it("keeps the steps of namespaces apart, and reads what it has not stored yet", async () => {
    const { saver, thread } = open();
    await thread.put({ messages: [message("a")] });
    const inner = threadConfig("t1", "inner:1");
    const checkpoint = { ...(await saver.getTuple(config))!.checkpoint, channel_values: { x: 1 } };
    await saver.put(inner, { ...checkpoint, channel_versions: { x: 1 } }, loopMetadata, { x: 1 });
    expect(await valuesAt(saver, inner)).toEqual({ x: 1 });
    expect(await valuesAt(saver, config)).toEqual({ messages: [message("a")] });
  });

  it("keeps every step of a channel that is made of its changes", async () => {
    const { saver } = open();
    expect(await sayAndEcho(saver, config, () => saver.keep())).toEqual(echoed);
  });
});

describe("the checkpoints of a run", () => {
  const runner = createGraphRunner({ toolSpecs: [], factories: new Map([["test", chain(2)]]) });

  it("are stored before each call, and not for the end", async () => {
    const checkpoints = sqliteStorage();
    const stored: number[] = [];
    const run = scripted(({ nodeKey }) => {
      stored.push(sizeOf(copyStorage(checkpoints), "checkpoint").rows);
      return { messageId: nodeKey, text: nodeKey };
    });
    expect(await runner.run(run.invocation("test", { checkpoints }))).toMatchObject({
      kind: "final",
      content: "step 1",
    });
    expect(stored).toEqual([1, 2]);
    expect(sizeOf(checkpoints, "checkpoint").rows).toBe(2);
  });
});
