import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { END, Send, START, StateGraph } from "@langchain/langgraph";
import type { GraphFactory } from "../runtime/kit.ts";
import { readQuestions } from "./plan.ts";
import { findingsNote, plannerPrompt, workerPrompt, writerPrompt } from "./prompts.ts";
import { ResearchState } from "./state.ts";
import type { Finding } from "./state.ts";

/** A planner, one worker for each question in parallel, and a writer who joins what they found. */
export const createResearchGraph: GraphFactory = (kit) => {
  const planner = kit.model("planner");
  const worker = kit.model("worker");
  const writer = kit.model("writer");
  return new StateGraph(ResearchState)
    .addNode("planner", async ({ messages }, config) => {
      const plan = await planner.invoke([new SystemMessage(plannerPrompt), ...messages], config);
      return { questions: readQuestions(plan.text, messages.at(-1)?.text ?? "") };
    })
    .addNode("worker", async ({ question }: Pick<Finding, "question">, config) => {
      const prompt = [new SystemMessage(workerPrompt), new HumanMessage(question)];
      const finding = await worker.invoke(prompt, config);
      return { findings: [{ question, text: finding.text }] };
    })
    .addNode("writer", async ({ messages, findings }, config) => {
      const system = `${writerPrompt}\n\n${findingsNote(findings)}`;
      return { messages: [await writer.invoke([new SystemMessage(system), ...messages], config)] };
    })
    .addEdge(START, "planner")
    .addConditionalEdges(
      "planner",
      ({ questions }) => questions.map((question) => new Send("worker", { question })),
      ["worker"],
    )
    .addEdge("worker", "writer")
    .addEdge("writer", END)
    .compile(kit.checkpointing);
};
