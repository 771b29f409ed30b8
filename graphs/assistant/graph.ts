import { SystemMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import type { GraphFactory } from "../runtime/kit.ts";
import { isAiMessage, toolCallsOf } from "../runtime/tool-calls.ts";
import { assistantPrompt } from "./prompts.ts";
import { assistantToolIds } from "./tools.ts";

/** A model that calls tools until it answers without a call. */
export const createAssistantGraph: GraphFactory = (kit) => {
  const nodeKey = "assistant";
  const model = kit.model(nodeKey).bindTools(kit.tools(nodeKey, assistantToolIds));
  return new StateGraph(MessagesAnnotation)
    .addNode(nodeKey, async ({ messages }, config) => ({
      messages: [await model.invoke([new SystemMessage(assistantPrompt), ...messages], config)],
    }))
    .addNode("tools", kit.toolStep(nodeKey, assistantToolIds))
    .addEdge(START, nodeKey)
    .addConditionalEdges(nodeKey, ({ messages }) => (asksForTools(messages) ? "tools" : END), [
      "tools",
      END,
    ])
    .addEdge("tools", nodeKey)
    .compile(kit.checkpointing);
};

function asksForTools(messages: (typeof MessagesAnnotation.State)["messages"]): boolean {
  const last = messages.at(-1);
  return isAiMessage(last) && toolCallsOf(last).length > 0;
}
