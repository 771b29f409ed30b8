import { HumanMessage } from "@langchain/core/messages";
import type { AIMessage, BaseMessage } from "@langchain/core/messages";
import { Annotation, END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { GraphFactory, NodeModel } from "../../graphs/runtime/kit.ts";

type Messages = { messages: BaseMessage[] };

/** One call in each of `steps` steps: `step 0`, `step 1`, and so on. */
export function chain(steps: number): GraphFactory {
  return (kit) => {
    const graph = new StateGraph(MessagesAnnotation);
    let last: string = START;
    for (let step = 0; step < steps; step += 1) {
      const name = `step ${step}`;
      const model = kit.model(name);
      graph.addNode(name, async ({ messages }: Messages, config: RunnableConfig) => ({
        messages: [await model.invoke(messages, config)],
      }));
      addEdge(graph, last, name);
      last = name;
    }
    addEdge(graph, last, END);
    return graph.compile(kit.checkpointing);
  };
}

/** The compiler wants literal names, which a chain of any length does not have. */
function addEdge(
  graph: { addEdge: (from: never, to: never) => unknown },
  from: string,
  to: string,
) {
  graph.addEdge(from as never, to as never);
}

function ask(model: NodeModel, text: string, config: RunnableConfig): Promise<AIMessage> {
  return model.invoke([new HumanMessage(text)], config);
}

/** In one node: two different calls side by side, two equal ones side by side, and an equal one again. */
export const busyNode: GraphFactory = (kit) => {
  const model = kit.model("busy");
  return new StateGraph(MessagesAnnotation)
    .addNode("busy", async (_state, config) => {
      await Promise.all(["a", "b", "same", "same"].map((text) => ask(model, text, config)));
      return { messages: [await ask(model, "same", config)] };
    })
    .addEdge(START, "busy")
    .addEdge("busy", END)
    .compile(kit.checkpointing);
};

/** A subgraph of two steps as a node, beside a node that calls the same subgraph twice itself. */
export const nested: GraphFactory = (kit) => {
  const inner = kit.model("inner");
  const outer = kit.model("outer");
  const State = Annotation.Root({
    ...MessagesAnnotation.spec,
    notes: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
  });
  const note = async (text: string, config: RunnableConfig) => ({
    notes: [(await ask(inner, text, config)).text],
  });
  const subgraph = new StateGraph(State)
    .addNode("first", (_state, config) => note("first", config))
    .addNode("second", (_state, config) => note("second", config))
    .addEdge(START, "first")
    .addEdge("first", "second")
    .addEdge("second", END)
    .compile();
  return new StateGraph(State)
    .addNode("declared", subgraph)
    .addNode("called", async (_state, config) => {
      const one = await subgraph.invoke({ messages: [] }, config);
      const two = await subgraph.invoke({ messages: [] }, config);
      return { notes: [...one.notes, ...two.notes] };
    })
    .addNode("last", async (_state, config) => ({ messages: [await ask(outer, "last", config)] }))
    .addEdge(START, "declared")
    .addEdge(START, "called")
    .addEdge("declared", "last")
    .addEdge("called", "last")
    .addEdge("last", END)
    .compile(kit.checkpointing);
};
