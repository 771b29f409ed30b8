import { Annotation, MessagesAnnotation } from "@langchain/langgraph";

export interface Finding {
  question: string;
  text: string;
}

export const ResearchState = Annotation.Root({
  ...MessagesAnnotation.spec,
  questions: Annotation<string[]>,
  /** In the order of the plan, whoever ends first: LangGraph applies the writes of a step by task, not by time. */
  findings: Annotation<Finding[]>({
    reducer: (left, right) => left.concat(right),
    default: () => [],
  }),
});
