import { AsyncLocalStorage } from "node:async_hooks";
import type { CompletionFn } from "../../src/ports/completion.ts";
import type { TokenSink } from "../../src/ports/graph-runner.ts";
import type { ToolExecFn } from "../../src/ports/tools.ts";

/**
 * What a node reaches of its run without being handed it: three functions and nothing else. The model is not here, since
 * it belongs to the invocation's `configurable`; neither is anything secret.
 */
export interface ExecutionContext {
  readonly completionFn: CompletionFn;
  readonly tokenSink: TokenSink;
  readonly toolExecFn: ToolExecFn;
}

const storage = new AsyncLocalStorage<ExecutionContext>();

/** `work` must make the graph's `invoke` call itself: a generator created inside and pulled outside loses the context. */
export function runInContext<T>(context: ExecutionContext, work: () => T): T {
  const { completionFn, tokenSink, toolExecFn } = context;
  return storage.run({ completionFn, tokenSink, toolExecFn }, work);
}

/** Throws outside of a run: an in-process graph without a run is a mistake in wiring. */
export function executionContext(): ExecutionContext {
  const context = storage.getStore();
  if (context === undefined) throw new Error("no run encloses this call");
  return context;
}
