import { AIMessage, HumanMessage } from "@langchain/core/messages";
import {
  Annotation,
  END,
  interrupt,
  MessagesAnnotation,
  START,
  StateGraph,
} from "@langchain/langgraph";
import type { GraphFactory } from "../../graphs/runtime/kit.ts";

const State = Annotation.Root({
  ...MessagesAnnotation.spec,
  answers: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
});

type Said = typeof State.State;

const say = (content: string) => ({ messages: [new AIMessage({ id: "said", content })] });

/** One node: a call, a question, a second question, another call. */
export const twoInSequence: GraphFactory = (kit) => {
  const model = kit.model("asker");
  return new StateGraph(State)
    .addNode("asker", async (_state, config) => {
      const before = await model.invoke([new HumanMessage("before")], config);
      const first = interrupt<object, string>({ question: "first?" });
      const second = interrupt<object, string>({ question: "second?" });
      const after = await model.invoke([new HumanMessage(`after ${first} ${second}`)], config);
      return say(`${before.text} ${first} ${second} ${after.text}`);
    })
    .addEdge(START, "asker")
    .addEdge("asker", END)
    .compile(kit.checkpointing);
};

/** Two nodes side by side, each with a call before its question; a third says what they were answered. */
export const twoAtOnce: GraphFactory = (kit) => {
  const node = (name: string) => {
    const model = kit.model(name);
    return async (_state: unknown, config: Parameters<typeof model.invoke>[1]) => {
      await model.invoke([new HumanMessage(name)], config);
      return { answers: [`${name}: ${interrupt<string, string>(`${name}?`)}`] };
    };
  };
  return new StateGraph(State)
    .addNode("left", node("left"))
    .addNode("right", node("right"))
    .addNode("last", ({ answers }) => say(answers.toSorted().join(", ")))
    .addEdge(START, "left")
    .addEdge(START, "right")
    .addEdge("left", "last")
    .addEdge("right", "last")
    .addEdge("last", END)
    .compile(kit.checkpointing);
};

/** A subgraph whose second node has a call before its two questions, beside a node that asks too. */
export const inSubgraph: GraphFactory = (kit) => {
  const model = kit.model("inner");
  const subgraph = new StateGraph(State)
    .addNode("prepare", async (_state, config) => {
      await model.invoke([new HumanMessage("prepare")], config);
      return {};
    })
    .addNode("ask", async (_state, config) => {
      await model.invoke([new HumanMessage("ask")], config);
      const first = interrupt<string, string>("inner first?");
      const second = interrupt<string, string>("inner second?");
      return { answers: [`inner: ${first} ${second}`] };
    })
    .addEdge(START, "prepare")
    .addEdge("prepare", "ask")
    .addEdge("ask", END)
    .compile();
  return new StateGraph(State)
    .addNode("sub", async (_state, config) => {
      const { answers } = await subgraph.invoke({ messages: [] }, config);
      return { answers };
    })
    .addNode("beside", () => ({ answers: [`beside: ${interrupt<string, string>("beside?")}`] }))
    .addNode("last", ({ answers }) => say(answers.toSorted().join(", ")))
    .addEdge(START, "sub")
    .addEdge(START, "beside")
    .addEdge("sub", "last")
    .addEdge("beside", "last")
    .addEdge("last", END)
    .compile(kit.checkpointing);
};

/** One node: a question, a call, a second question. */
export const callBetween: GraphFactory = (kit) => {
  const model = kit.model("asker");
  return new StateGraph(State)
    .addNode("asker", async (_state, config) => {
      const first = interrupt<string, string>("first?");
      const between = await model.invoke([new HumanMessage(first)], config);
      return say(`${between.text} ${interrupt<string, string>("second?")}`);
    })
    .addEdge(START, "asker")
    .addEdge("asker", END)
    .compile(kit.checkpointing);
};

/** A node that asks, then runs a subgraph that asks, calls and asks. */
export const outerThenInner: GraphFactory = (kit) => {
  const subgraph = callBetween({ ...kit, checkpointing: {} });
  return new StateGraph(State)
    .addNode("outer", async (_state, config) => {
      interrupt("outer?");
      await subgraph.invoke({ messages: [] }, config);
      return say("done");
    })
    .addEdge(START, "outer")
    .addEdge("outer", END)
    .compile(kit.checkpointing);
};

/** A node that runs a subgraph which asks twice, then asks twice itself. */
export const innerThenOuter: GraphFactory = (kit) => {
  const subgraph = twoInSequence({ ...kit, checkpointing: {} });
  return new StateGraph(State)
    .addNode("outer", async (_state, config) => {
      const { messages } = (await subgraph.invoke({ messages: [] }, config)) as Said;
      const third = interrupt<string, string>("third?");
      return say(`${messages.at(-1)?.text} ${third} ${interrupt<string, string>("fourth?")}`);
    })
    .addEdge(START, "outer")
    .addEdge("outer", END)
    .compile(kit.checkpointing);
};

/** A graph whose node runs a graph whose node runs a graph that asks twice. */
export const deepInside: GraphFactory = (kit) => {
  const inner = twoInSequence({ ...kit, checkpointing: {} });
  const wrap = (graph: typeof inner, checkpointing: typeof kit.checkpointing) =>
    new StateGraph(State)
      .addNode("wrap", async (_state, config) => {
        const { messages } = (await graph.invoke({ messages: [] }, config)) as Said;
        return { messages };
      })
      .addEdge(START, "wrap")
      .addEdge("wrap", END)
      .compile(checkpointing);
  return wrap(wrap(inner, {}), kit.checkpointing);
};

/** Asks with `value` and says what it was answered, as JSON. */
export function echo(value: unknown): GraphFactory {
  return (kit) =>
    new StateGraph(State)
      .addNode("echo", () => say(JSON.stringify(interrupt(value))))
      .addEdge(START, "echo")
      .addEdge("echo", END)
      .compile(kit.checkpointing);
}
