import { AIMessage, BaseMessage, HumanMessage } from "@langchain/core/messages";
import {
  Annotation,
  Command,
  END,
  interrupt,
  isInterrupted,
  MessagesAnnotation,
  Send,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { SqlCheckpointSaver } from "../../../graphs/runtime/checkpoint/saver.ts";
import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";
import { sizeOf } from "./checkpoints.ts";
import { echoed, sayAndEcho } from "./echo-graph.ts";
import { openStorage } from "./open-storage.ts";

const config = { configurable: { thread_id: "run_1" }, durability: "sync" as const };
const hostile = { lc: 1, type: "secret", id: ["API_KEY_PEPPER"] };

class Death extends Error {}

/** Plans two pieces of work, does them side by side, and asks a person before it answers. */
function createGraph(storage: CheckpointStorage, entered: string[], dieIn?: string) {
  const enter = (node: string) => {
    entered.push(node);
    if (node === dieIn) throw new Death();
  };
  const State = Annotation.Root({
    ...MessagesAnnotation.spec,
    done: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
  });
  return new StateGraph(State)
    .addNode("plan", () => {
      enter("plan");
      const call = { type: "tool_call" as const, id: "c1", name: "f", args: { hostile } };
      return { messages: [new AIMessage({ id: "plan", content: "", tool_calls: [call] })] };
    })
    .addNode("work", ({ topic }: { topic: HumanMessage }) => {
      enter(`work ${topic.text}`);
      return { done: [topic.text] };
    })
    .addNode("ask", () => {
      enter("ask");
      const answer = interrupt<object, string>({ question: "publish?" });
      return { messages: [new AIMessage({ id: "answer", content: answer })] };
    })
    .addEdge(START, "plan")
    .addConditionalEdges(
      "plan",
      () => ["a", "b"].map((topic) => new Send("work", { topic: new HumanMessage(topic) })),
      ["work"],
    )
    .addEdge("work", "ask")
    .addEdge("ask", END)
    .compile({ checkpointer: new SqlCheckpointSaver(storage) });
}

const input = { messages: [new HumanMessage({ id: "q", content: "go" })] };

describe("a graph over the checkpointer", () => {
  it("stops at an interrupt and goes on from it in another process", async () => {
    const storage = openStorage();
    const entered: string[] = [];
    const first = createGraph(storage, entered);
    const stopped: unknown = await first.invoke(input, config);
    const before = await first.getState(config);

    const second = createGraph(storage, entered);
    const after = await second.getState(config);
    const final = await second.invoke(new Command({ resume: "yes" }), config);

    expect(isInterrupted(stopped)).toBe(true);
    expect(after.tasks).toEqual(before.tasks);
    expect(after.tasks[0]?.interrupts[0]?.value).toEqual({ question: "publish?" });
    expect(final.done).toEqual(["a", "b"]);
    expect(final.messages.map((message) => message.id)).toEqual(["q", "plan", "answer"]);
    expect(final.messages.every((message) => BaseMessage.isInstance(message))).toBe(true);
    expect((final.messages[1] as AIMessage).tool_calls?.[0]?.args).toEqual({ hostile });
    expect(entered).toEqual(["plan", "work a", "work b", "ask", "ask"]);
  });

  it("enters only what was not done when it died, under the same task ids", async () => {
    const storage = openStorage();
    const entered: string[] = [];
    const dying = createGraph(storage, entered, "work b");
    await expect(dying.invoke(input, config)).rejects.toThrow(Death);
    const before = await dying.getState(config);

    const next = createGraph(storage, entered);
    const after = await next.getState(config);
    const resumed = await next.invoke(null, config);

    const taskIds = before.tasks.map(({ id }) => id);
    expect(taskIds).toHaveLength(2);
    expect(after.tasks.map(({ id }) => id)).toEqual(taskIds);
    expect(isInterrupted(resumed)).toBe(true);
    expect(resumed.done).toEqual(["a", "b"]);
    expect(entered).toEqual(["plan", "work a", "work b", "work b", "ask"]);
  });

  it("keeps the state of both sides when a run is forked from an earlier step", async () => {
    const storage = openStorage();
    const graph = createGraph(storage, []);
    await graph.invoke(input, config);
    const original = (await graph.getState(config)).config;
    let planned = original;
    for await (const state of graph.getStateHistory(config)) {
      if (state.next.includes("work")) planned = state.config;
    }

    const fork = await graph.updateState(planned, { done: ["forked"] }, "ask");

    expect((await graph.getState(fork)).values.done).toEqual(["forked"]);
    expect((await graph.getState(original)).values.done).toEqual(["a", "b"]);
  });

  it("rebuilds a delta channel from the writes of its ancestors", async () => {
    const storage = openStorage();
    expect(await sayAndEcho(new SqlCheckpointSaver(storage), config)).toEqual(echoed);
    // No checkpoint has a value of the channel.
    expect(sizeOf(storage, "checkpoint", `note LIKE '%"messages"]%'`).rows).toBe(0);
  });
});
