import { z } from "@hono/zod-openapi";
import type { ChatMessage } from "../ports/completion.ts";
import {
  configurable,
  graphId,
  idText,
  messageText,
  modelId,
  runLimits,
  toolIds,
} from "./schemas.ts";

const conversationCharactersMax = 128_000;

/** System messages are accepted and dropped: a graph is the sole author of its system prompts. */
const inputMessage = z.strictObject({
  role: z.enum(["user", "assistant", "system"]),
  content: messageText,
});

const conversation = z
  .array(inputMessage)
  .max(200)
  .transform((messages) => messages.filter(isSpoken))
  .refine(
    (messages) => messages.at(-1)?.role === "user",
    "The last message must have the role user.",
  )
  .refine(
    (messages) =>
      messages.reduce((sum, { content }) => sum + content.length, 0) <= conversationCharactersMax,
    `A conversation may have ${conversationCharactersMax} characters.`,
  );

function isSpoken(message: z.infer<typeof inputMessage>): message is ChatMessage {
  return message.role !== "system";
}

/** What starts a run. Identity is not in it: ids, account and trigger come from the server and the credential. */
export const runRequest = z
  .strictObject({
    graphId,
    message: messageText.optional(),
    messages: conversation.optional(),
    threadId: idText.optional(),
    model: modelId.optional(),
    configurable: configurable.optional(),
    toolIds: toolIds.optional(),
    limits: runLimits.optional(),
  })
  .superRefine((body, context) => {
    const problem = contradiction(body);
    if (problem !== null) context.addIssue({ code: "custom", ...problem });
  })
  .openapi("RunRequest");

export type RunRequest = z.output<typeof runRequest>;

function contradiction(body: {
  message?: unknown;
  messages?: unknown;
  threadId?: unknown;
}): { path: string[]; message: string } | null {
  if ((body.message === undefined) === (body.messages === undefined)) {
    return { path: ["message"], message: "Send exactly one of `message` and `messages`." };
  }
  if (body.messages !== undefined && body.threadId !== undefined) {
    return { path: ["messages"], message: "A thread has its own history: send `message` instead." };
  }
  return null;
}

export function requestedMessages({ message, messages }: RunRequest): ChatMessage[] {
  return message === undefined ? (messages ?? []) : [{ role: "user", content: message }];
}
