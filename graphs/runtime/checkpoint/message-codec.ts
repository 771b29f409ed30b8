import {
  AIMessage,
  AIMessageChunk,
  BaseMessage,
  BaseMessageChunk,
  ChatMessage,
  ChatMessageChunk,
  FunctionMessage,
  FunctionMessageChunk,
  HumanMessage,
  HumanMessageChunk,
  RemoveMessage,
  SystemMessage,
  SystemMessageChunk,
  ToolMessage,
  ToolMessageChunk,
} from "@langchain/core/messages";

type Fields = Record<string, unknown>;

interface MessageKind {
  make: new (fields: never) => BaseMessage;
  fields: readonly string[];
}

const common = ["id", "name", "content", "additional_kwargs", "response_metadata"];
const ai = [...common, "tool_calls", "invalid_tool_calls", "usage_metadata"];
const tool = [...common, "tool_call_id", "status", "artifact"];

/** Every message that may come out of a checkpoint, and the fields that it is made of. Nothing else is ever constructed. */
const messageKinds: ReadonlyMap<string, MessageKind> = new Map<string, MessageKind>([
  ["human", { make: HumanMessage, fields: common }],
  ["human_chunk", { make: HumanMessageChunk, fields: common }],
  ["system", { make: SystemMessage, fields: common }],
  ["system_chunk", { make: SystemMessageChunk, fields: common }],
  ["ai", { make: AIMessage, fields: ai }],
  ["ai_chunk", { make: AIMessageChunk, fields: [...ai, "tool_call_chunks"] }],
  ["tool", { make: ToolMessage, fields: [...tool, "metadata"] }],
  ["tool_chunk", { make: ToolMessageChunk, fields: tool }],
  ["function", { make: FunctionMessage, fields: common }],
  ["function_chunk", { make: FunctionMessageChunk, fields: common }],
  ["generic", { make: ChatMessage, fields: [...common, "role"] }],
  ["generic_chunk", { make: ChatMessageChunk, fields: [...common, "role"] }],
  ["remove", { make: RemoveMessage, fields: common }],
]);

/** True for an instance only: what makes a message one is a symbol, which no data can carry. */
export function isMessage(value: object): value is BaseMessage {
  return BaseMessage.isInstance(value);
}

/** A message as its kind and its fields, whose values are still to be encoded. Throws for a kind that is not listed. */
export function takeApart(message: BaseMessage): [kind: string, fields: Fields] {
  const kind = BaseMessageChunk.isInstance(message) ? `${message.type}_chunk` : message.type;
  const known = messageKinds.get(kind);
  if (known === undefined) throw new TypeError(`a message of kind ${kind} cannot be checkpointed`);
  const from = message as unknown as Fields;
  const present = known.fields.filter((field) => from[field] !== undefined);
  return [kind, Object.fromEntries(present.map((field) => [field, from[field]]))];
}

/** The reverse, from fields that are decoded. Throws for a kind that is not listed. */
export function putTogether(kind: string, fields: Fields): BaseMessage {
  const known = messageKinds.get(kind);
  if (known === undefined) throw new Error(`a checkpoint holds a message of unknown kind ${kind}`);
  const message = new known.make({ ...fields } as never);
  // Constructors derive some fields from others; what was stored is what the message was.
  return Object.assign(message, fields);
}
