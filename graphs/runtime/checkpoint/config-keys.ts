import type { RunnableConfig } from "@langchain/core/runnables";

/** A namespace of a thread: the graph itself, or one of its subgraphs. */
export interface Scope {
  threadId: string;
  checkpointNs: string;
}

export interface CheckpointKey extends Scope {
  checkpointId: string;
}

/** Undefined where the config names no thread. Throws for a thread or namespace that is not a string. */
export function scopeOf(config: RunnableConfig): Scope | undefined {
  const threadId = textOf(config, "thread_id");
  if (threadId === undefined) return undefined;
  return { threadId, checkpointNs: textOf(config, "checkpoint_ns") ?? "" };
}

/** Throws where the config names no thread. */
export function requireScope(config: RunnableConfig): Scope {
  const scope = scopeOf(config);
  if (scope === undefined) throw new Error("a checkpoint needs a thread_id in configurable");
  return scope;
}

/** The checkpoint that the config names; LangGraph leaves it out, or empty, to mean the latest. */
export function checkpointIdOf(config: RunnableConfig): string | undefined {
  return textOf(config, "checkpoint_id") || undefined;
}

export function textOf(config: RunnableConfig, key: string): string | undefined {
  const value: unknown = config.configurable?.[key];
  if (value === undefined || typeof value === "string") return value;
  throw new TypeError(`configurable.${key} must be a string`);
}

export function configOf({ threadId, checkpointNs, checkpointId }: CheckpointKey): RunnableConfig {
  return {
    configurable: {
      thread_id: threadId,
      checkpoint_ns: checkpointNs,
      checkpoint_id: checkpointId,
    },
  };
}
