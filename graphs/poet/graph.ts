import { SystemMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import type { GraphFactory } from "../runtime/kit.ts";
import { poetPrompt } from "./prompts.ts";

/** One model call. */
export const createPoetGraph: GraphFactory = (kit) => {
  const model = kit.model("poet");
  return new StateGraph(MessagesAnnotation)
    .addNode("poet", async ({ messages }, config) => ({
      messages: [await model.invoke([new SystemMessage(poetPrompt), ...messages], config)],
    }))
    .addEdge(START, "poet")
    .addEdge("poet", END)
    .compile(kit.checkpointing);
};
