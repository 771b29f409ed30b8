import type { BaseCheckpointSaver } from "@langchain/langgraph";
import type { ToolSpec } from "../../src/ports/tools.ts";
import { CompletionModel } from "./completion-model.ts";
import { executionContext } from "./execution-context.ts";
import type { GraphKit } from "./kit.ts";
import { createTools, createToolStep } from "./tools.ts";

/** The kit of graphs that run inside the Worker: models and tools are reached through the run's execution context. */
export function createInProcessKit(
  toolSpecs: readonly ToolSpec[],
  checkpointer: BaseCheckpointSaver | null,
): GraphKit {
  const specs = new Map(toolSpecs.map((spec) => [spec.id, spec]));
  const executor = () => executionContext().toolExecFn;
  return {
    model: (nodeKey) => new CompletionModel(nodeKey),
    tools: (nodeKey, toolIds) => createTools({ nodeKey, toolIds, specs, executor }),
    toolStep: (nodeKey, toolIds) => createToolStep({ nodeKey, toolIds, specs, executor }),
    checkpointing: checkpointer === null ? {} : { checkpointer },
  };
}
