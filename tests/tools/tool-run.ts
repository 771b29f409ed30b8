import type { LogFields } from "../../src/base/log.ts";
import type { ToolCall } from "../../src/ports/tools.ts";
import { createToolExec } from "../../src/tools/run-tool.ts";
import type { ToolExecDeps } from "../../src/tools/run-tool.ts";

/** 16 July 2026, 22:30:05 UTC. */
export const now = Date.UTC(2026, 6, 16, 22, 30, 5);

/** A tool runner with everything around it fixed, and what it logged. */
export function toolRun(more: Partial<ToolExecDeps> = {}) {
  const logged: { event: string; fields: LogFields }[] = [];
  const exec = createToolExec({
    run: {
      runId: "run_1",
      attempt: 0,
      requestId: "req_1",
      graphId: "langgraph:assistant",
      billingAccountId: "acct_1",
      virtualKeyId: "key_1",
      trigger: "chat",
    },
    clock: { now: () => now },
    log: { log: (_level, event, fields = {}) => void logged.push({ event, fields }) },
    signal: new AbortController().signal,
    readOwnUsage: async () => ({}),
    ...more,
  });
  return {
    exec,
    logged,
    call: (toolId: string, args: ToolCall["args"]) => exec(callOf(toolId, args), [toolId]),
  };
}

export function callOf(toolId: string, args: ToolCall["args"], toolCallId = "call_1"): ToolCall {
  return { toolId, toolCallId, messageId: "msg_1", args };
}
