import { ToolMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { DynamicStructuredTool, ToolInputParsingException } from "@langchain/core/tools";
import type { StructuredTool } from "@langchain/core/tools";
import type { CompletionToolCall } from "../../src/ports/completion.ts";
import type { JsonValue } from "../../src/ports/json.ts";
import type { ToolExecFn, ToolOutcome, ToolSpec } from "../../src/ports/tools.ts";
import type { ToolStep } from "./kit.ts";
import { resolveToolIds } from "./resolve.ts";
import { isAiMessage, parseArgs, toolCallsOf } from "./tool-calls.ts";

/** Who runs tools: captured once under a server, taken from the run's context in the Worker. */
export type ToolExecutor = () => ToolExecFn;

export interface NodeTools {
  nodeKey: string;
  /** The graph's own list for this node. */
  toolIds: readonly string[];
  specs: ReadonlyMap<string, ToolSpec>;
  executor: ToolExecutor;
}

const messageIdKey = "tool_message_id";

/** LangChain tools of the pure specs. Each hands its call to the executor together with the node's allowlist. */
export function createTools(node: NodeTools): readonly StructuredTool[] {
  return node.toolIds.map((toolId) => {
    const spec = node.specs.get(toolId);
    if (spec === undefined) throw new Error(`no tool has the id ${toolId}`);
    return new DynamicStructuredTool({
      name: spec.id,
      description: spec.description,
      schema: spec.parameters,
      func: (args: JsonValue, _manager, config: ToolConfig = {}) => {
        const call = { id: config.toolCall?.id ?? "", name: spec.id };
        return execute(node, call, args, config);
      },
    });
  });
}

interface ToolConfig extends RunnableConfig {
  toolCall?: { id?: string };
}

/**
 * The node that answers tool calls. Parallel calls run at once, and answers keep the order of the calls. Everything that
 * a tool cannot be invoked with (arguments that are not JSON or do not fit, a tool that is not the node's) goes to the
 * executor as well, which refuses it with a reason that the model reads as the tool's answer.
 */
export function createToolStep(node: NodeTools): ToolStep {
  const tools = new Map(createTools(node).map((tool) => [tool.name, tool]));
  return async ({ messages }, config) => {
    const last = messages.at(-1);
    if (!isAiMessage(last)) throw new Error("a tool step follows an answer of a model");
    const callConfig = { ...config, metadata: { ...config.metadata, [messageIdKey]: last.id } };
    const answers = toolCallsOf(last).map((call) =>
      answer(node, tools.get(call.name), call, callConfig),
    );
    return { messages: await Promise.all(answers) };
  };
}

async function answer(
  node: NodeTools,
  tool: StructuredTool | undefined,
  call: CompletionToolCall,
  config: RunnableConfig,
): Promise<ToolMessage> {
  const args = parseArgs(call.argsText);
  if (tool === undefined || typeof args !== "object" || args === null || Array.isArray(args)) {
    return execute(node, call, args, config);
  }
  try {
    const toolCall = { type: "tool_call" as const, id: call.id, name: call.name, args };
    return (await tool.invoke(toolCall, config)) as ToolMessage;
  } catch (error) {
    // LangChain checks the schema itself and throws; the executor's refusal tells the model what is wrong.
    if (error instanceof ToolInputParsingException) return execute(node, call, args, config);
    throw error;
  }
}

async function execute(
  { nodeKey, toolIds, executor }: NodeTools,
  call: { id: string; name: string },
  args: JsonValue,
  config: RunnableConfig,
): Promise<ToolMessage> {
  const messageId: unknown = config.metadata?.[messageIdKey];
  const outcome = await executor()(
    {
      toolId: call.name,
      toolCallId: call.id,
      messageId: typeof messageId === "string" ? messageId : "",
      args,
    },
    resolveToolIds(nodeKey, toolIds, config.configurable ?? {}),
  );
  return new ToolMessage({
    tool_call_id: call.id,
    name: call.name,
    content: contentOf(outcome),
    status: outcome.ok ? "success" : "error",
  });
}

/** Always text, so that a result which looks like a serialised LangChain object stays what it is. */
function contentOf(outcome: ToolOutcome): string {
  if (!outcome.ok) {
    return JSON.stringify({ error: { code: outcome.code, message: outcome.message } });
  }
  return typeof outcome.result === "string" ? outcome.result : JSON.stringify(outcome.result);
}
