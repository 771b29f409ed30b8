import { AIMessage, SystemMessage } from "@langchain/core/messages";
import { END, interrupt, START, StateGraph } from "@langchain/langgraph";
import type { GraphFactory } from "../runtime/kit.ts";
import { readDecision } from "./decision.ts";
import {
  approvalQuestion,
  commentNote,
  drafterPrompt,
  draftNote,
  finisherPrompt,
  refusalText,
  unclearQuestion,
} from "./prompts.ts";
import { ApprovalState } from "./state.ts";

/** A draft, a person who approves, refuses or comments on it, and an answer that follows what the person said. */
export const createApprovalGraph: GraphFactory = (kit) => {
  const drafter = kit.model("drafter");
  const finisher = kit.model("finisher");
  return new StateGraph(ApprovalState)
    .addNode("drafter", async ({ messages }, config) => ({
      draft: await drafter.invoke([new SystemMessage(drafterPrompt), ...messages], config),
    }))
    .addNode("review", ({ draft }) => ({ decision: askForDecision(draft.text) }))
    .addNode("finisher", async ({ messages, draft, decision }, config) => {
      const comment = decision.approved && decision.comment !== "" ? decision.comment : null;
      const notes = [draftNote(draft.text), ...(comment === null ? [] : [commentNote(comment)])];
      const system = [finisherPrompt, ...notes].join("\n\n");
      return {
        messages: [await finisher.invoke([new SystemMessage(system), ...messages], config)],
      };
    })
    .addNode("refusal", ({ draft }) => ({
      // Derived, so that the message has the same id when the node is entered again.
      messages: [new AIMessage({ id: `${draft.id}-refused`, content: refusalText })],
    }))
    .addEdge(START, "drafter")
    .addEdge("drafter", "review")
    .addConditionalEdges("review", ({ decision }) => (decision.approved ? "finisher" : "refusal"), [
      "finisher",
      "refusal",
    ])
    .addEdge("finisher", END)
    .addEdge("refusal", END)
    .compile(kit.checkpointing);
};

/** Asks until the answer is clear: nothing is given or withheld on a guess. */
function askForDecision(draft: string) {
  for (let question = approvalQuestion; ; question = unclearQuestion) {
    const decision = readDecision(interrupt({ question, draft }));
    if (decision !== null) return decision;
  }
}
