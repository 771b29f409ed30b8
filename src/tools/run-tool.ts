import type { Clock } from "../base/clock.ts";
import { sha256Hex } from "../base/hash.ts";
import { describeBug, type Log } from "../base/log.ts";
import type { JsonObject } from "../ports/json.ts";
import type { RunContext } from "../ports/run-context.ts";
import type { ToolCall, ToolContext, ToolExecFn, ToolOutcome } from "../ports/tools.ts";
import { toolCatalog } from "./catalog.ts";
import type { Tool } from "./contract.ts";

export interface ToolExecDeps {
  run: RunContext;
  clock: Clock;
  log: Log;
  /** The run's: aborting it ends every tool call with `failed`. */
  signal: AbortSignal;
  readOwnUsage: () => Promise<JsonObject>;
  tools?: ReadonlyMap<string, Tool>;
}

/** Results go into the conversation, the event log and every later model call, so they stay small. */
const resultLengthMax = 32_000;

const stopped: ToolOutcome = { ok: false, code: "failed", message: "The run was stopped." };

/**
 * Runs the tools of one run. In this order: the allowlist (`policy_denied`, also for a tool that does not exist, so that
 * a model learns nothing about what others have), arguments, the tool within its time, the result. Never rejects: what a
 * tool throws is logged by its name alone and reaches the model as a neutral sentence.
 */
export function createToolExec(deps: ToolExecDeps): ToolExecFn {
  const tools = deps.tools ?? toolCatalog;
  return async (call, allowed) => {
    if (!allowed.includes(call.toolId)) {
      return { ok: false, code: "policy_denied", message: "This tool is not allowed in this run." };
    }
    const tool = tools.get(call.toolId);
    if (tool === undefined) {
      return { ok: false, code: "not_found", message: "There is no such tool." };
    }
    const outcome = await runInTime(deps, tool, call);
    if (!outcome.ok && outcome.code !== "invalid_input") {
      deps.log.log("warn", "tool.failed", { ...ids(deps, call), code: outcome.code });
    }
    return outcome;
  };
}

async function runInTime(deps: ToolExecDeps, tool: Tool, call: ToolCall): Promise<ToolOutcome> {
  if (deps.signal.aborted) return stopped;
  const ending = new AbortController();
  const early = Promise.withResolvers<ToolOutcome>();
  const onStop = () => early.resolve(stopped);
  deps.signal.addEventListener("abort", onStop, { once: true });
  const timer = setTimeout(() => {
    early.resolve({ ok: false, code: "timeout", message: "The tool took too long." });
  }, tool.timeoutMs);
  const context: ToolContext = {
    run: deps.run,
    now: () => deps.clock.now(),
    signal: ending.signal,
    idempotencyKey: idempotencyKeyOf(deps.run, call),
    readOwnUsage: deps.readOwnUsage,
  };
  try {
    return await Promise.race([guarded(deps, tool, call, context), early.promise]);
  } finally {
    clearTimeout(timer);
    deps.signal.removeEventListener("abort", onStop);
    // Tells a tool that lost the race to stop; one that has ended does not notice.
    ending.abort();
  }
}

async function guarded(
  deps: ToolExecDeps,
  tool: Tool,
  call: ToolCall,
  context: ToolContext,
): Promise<ToolOutcome> {
  try {
    return bounded(await tool.call(call.args, context));
  } catch (error) {
    deps.log.log("error", "tool.threw", { ...ids(deps, call), ...describeBug(error) });
    return { ok: false, code: "failed", message: "The tool failed." };
  }
}

function bounded(outcome: ToolOutcome): ToolOutcome {
  if (!outcome.ok || JSON.stringify(outcome.result).length <= resultLengthMax) return outcome;
  return { ok: false, code: "invalid_output", message: "The tool's result is too long." };
}

/** The same on a replay and on a retry of the run, so that an effect happens once; hence without the attempt. */
function idempotencyKeyOf(
  { runId }: RunContext,
  { toolId, messageId, toolCallId }: ToolCall,
): string {
  return sha256Hex(JSON.stringify(["tool", runId, messageId, toolCallId, toolId]));
}

function ids({ run }: ToolExecDeps, { toolId }: ToolCall): Record<string, string> {
  return { runId: run.runId, requestId: run.requestId, toolId };
}
