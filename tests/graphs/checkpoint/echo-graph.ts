import { AIMessage, HumanMessage } from "@langchain/core/messages";
import type { BaseMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { END, MessagesDeltaValue, START, StateGraph, StateSchema } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph";

/** A graph whose one channel is kept as its changes; it answers each message with an echo of its id. */
function createEcho(checkpointer: BaseCheckpointSaver) {
  return new StateGraph(new StateSchema({ messages: MessagesDeltaValue }))
    .addNode("echo", ({ messages }) => ({
      messages: [new AIMessage({ id: `echo ${messages.at(-1)?.id}`, content: "e" })],
    }))
    .addEdge(START, "echo")
    .addEdge("echo", END)
    .compile({ checkpointer });
}

export const echoed = ["1", "echo 1", "2", "echo 2", "3", "echo 3"];

/** Says three messages to it, each to a graph made anew, and returns the ids of all that it has then. */
export async function sayAndEcho(
  saver: BaseCheckpointSaver,
  config: RunnableConfig,
  afterEach: () => void = () => {},
): Promise<(string | undefined)[]> {
  for (const id of ["1", "2", "3"]) {
    const messages = [new HumanMessage({ id, content: "x" })];
    await createEcho(saver).invoke({ messages }, { ...config, durability: "sync" });
    afterEach();
  }
  const { values } = await createEcho(saver).getState(config);
  return (values as { messages: BaseMessage[] }).messages.map(({ id }) => id);
}
