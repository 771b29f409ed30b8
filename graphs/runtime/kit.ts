import type { AIMessage, BaseMessage } from "@langchain/core/messages";
import type { Runnable, RunnableConfig } from "@langchain/core/runnables";
import type { StructuredTool } from "@langchain/core/tools";
import type { BaseCheckpointSaver, Command } from "@langchain/langgraph";

export type BoundModel = Runnable<BaseMessage[], AIMessage>;

/** A node's model. Which model answers is decided at each invoke, from `configurable`. */
export interface NodeModel extends BoundModel {
  /** Offers these tools, narrowed at each invoke to what the run allows. */
  bindTools(tools: readonly StructuredTool[]): BoundModel;
}

export interface MessagesState {
  messages: BaseMessage[];
}

export type ToolStep = (state: MessagesState, config: RunnableConfig) => Promise<MessagesState>;

/**
 * All that a graph factory is given. A graph knows its prompts, its nodes and their keys; how a model is reached, which
 * one it is, and who runs a tool are the kit's, so that the same factory serves the Worker and LangGraph's own server.
 */
export interface GraphKit {
  model(nodeKey: string): NodeModel;
  /** LangChain tools for a node's own tool ids. Throws for an id that no spec describes. */
  tools(nodeKey: string, toolIds: readonly string[]): readonly StructuredTool[];
  /** A node that answers every tool call of the last message, one tool message each, in their order. */
  toolStep(nodeKey: string, toolIds: readonly string[]): ToolStep;
  /** For `compile`: empty, or with the checkpointer that keeps this run's state. */
  readonly checkpointing: { checkpointer?: BaseCheckpointSaver };
}

/** Goes on from the last checkpoint with answers to its questions, by LangGraph's ids. */
export type Answers = Command<Record<string, unknown>, Record<string, never>, never>;

/** What is left of a compiled graph for those who only run it. */
export interface CompiledGraph {
  /** Null goes on from the last checkpoint. */
  invoke(input: MessagesState | Answers | null, config: RunnableConfig): Promise<unknown>;
}

export type GraphFactory = (kit: GraphKit) => CompiledGraph;
