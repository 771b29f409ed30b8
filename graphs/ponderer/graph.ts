import { SystemMessage } from "@langchain/core/messages";
import { END, START, StateGraph } from "@langchain/langgraph";
import type { GraphFactory } from "../runtime/kit.ts";
import { answerPrompt, critiquePrompt, reviewNote, thinkPrompt, thoughtsNote } from "./prompts.ts";
import { PondererState } from "./state.ts";

/** Three calls in a row: think, criticise the thoughts, answer. */
export const createPondererGraph: GraphFactory = (kit) => {
  const think = kit.model("think");
  const critique = kit.model("critique");
  const answer = kit.model("answer");
  return new StateGraph(PondererState)
    .addNode("think", async ({ messages }, config) => {
      const reply = await think.invoke([new SystemMessage(thinkPrompt), ...messages], config);
      return { thoughts: reply.text };
    })
    .addNode("critique", async ({ messages, thoughts }, config) => {
      const system = `${critiquePrompt}\n\n${thoughtsNote(thoughts)}`;
      const reply = await critique.invoke([new SystemMessage(system), ...messages], config);
      return { review: reply.text };
    })
    .addNode("answer", async ({ messages, thoughts, review }, config) => {
      const system = [answerPrompt, thoughtsNote(thoughts), reviewNote(review)].join("\n\n");
      return { messages: [await answer.invoke([new SystemMessage(system), ...messages], config)] };
    })
    .addEdge(START, "think")
    .addEdge("think", "critique")
    .addEdge("critique", "answer")
    .addEdge("answer", END)
    .compile(kit.checkpointing);
};
