import { Annotation, MessagesAnnotation } from "@langchain/langgraph";

/** Thoughts and their review stay beside the conversation: only the answer becomes a message. */
export const PondererState = Annotation.Root({
  ...MessagesAnnotation.spec,
  thoughts: Annotation<string>,
  review: Annotation<string>,
});
