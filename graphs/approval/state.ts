import type { AIMessage } from "@langchain/core/messages";
import { Annotation, MessagesAnnotation } from "@langchain/langgraph";
import type { Decision } from "./decision.ts";

export const ApprovalState = Annotation.Root({
  ...MessagesAnnotation.spec,
  draft: Annotation<AIMessage>,
  decision: Annotation<Decision>,
});
