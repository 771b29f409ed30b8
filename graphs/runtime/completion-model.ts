import type { AIMessage, BaseMessage } from "@langchain/core/messages";
import { ensureConfig, Runnable } from "@langchain/core/runnables";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { StructuredTool } from "@langchain/core/tools";
import type { CompletionTool } from "../../src/ports/completion.ts";
import type { JsonObject } from "../../src/ports/json.ts";
import { CompletionError } from "./completion-error.ts";
import { executionContext } from "./execution-context.ts";
import type { BoundModel, NodeModel } from "./kit.ts";
import { toAiMessage, toCompletionMessage } from "./messages.ts";
import { resolveModel, resolveToolIds } from "./resolve.ts";

/**
 * The in-process model of a node: asks the run's completion function, passes on what it streams and returns the answer.
 *
 * It is a plain Runnable and no chat model, because LangChain's chat models send every token through callbacks; here text
 * reaches a viewer by the token sink alone, once. Throws `CompletionError` when the call fails.
 */
export class CompletionModel extends Runnable<BaseMessage[], AIMessage> implements NodeModel {
  override lc_namespace = ["runledger", "runtime"];
  readonly #nodeKey: string;
  readonly #tools: readonly CompletionTool[];

  constructor(nodeKey: string, tools: readonly CompletionTool[] = []) {
    super();
    this.#nodeKey = nodeKey;
    this.#tools = tools;
  }

  bindTools(tools: readonly StructuredTool[]): BoundModel {
    return new CompletionModel(this.#nodeKey, tools.map(toCompletionTool));
  }

  override async invoke(
    messages: BaseMessage[],
    options?: Partial<RunnableConfig>,
  ): Promise<AIMessage> {
    const { configurable = {}, metadata = {} } = ensureConfig(options);
    const { completionFn, tokenSink } = executionContext();
    const checkpointNs: unknown = metadata["langgraph_checkpoint_ns"];
    const unit = completionFn({
      model: resolveModel(this.#nodeKey, configurable),
      messages: messages.map(toCompletionMessage),
      tools: this.#offered(configurable),
      nodeKey: this.#nodeKey,
      checkpointNs: typeof checkpointNs === "string" ? checkpointNs : "",
    });
    for await (const event of unit.stream) await tokenSink(event);
    const final = await unit.final;
    if (!final.ok) throw new CompletionError(final.error);
    return toAiMessage(final.output, final.usage, messages);
  }

  #offered(configurable: Readonly<Record<string, unknown>>): readonly CompletionTool[] {
    const own = this.#tools.map((tool) => tool.name);
    const allowed = resolveToolIds(this.#nodeKey, own, configurable);
    return this.#tools.filter((tool) => allowed.includes(tool.name));
  }
}

function toCompletionTool({ name, description, schema }: StructuredTool): CompletionTool {
  // Our wrapper makes tools from specs, whose schemas are JSON Schema already.
  return { name, description, parameters: schema as JsonObject };
}
