import type { ToolSpec } from "../ports/tools.ts";
import { calculator } from "./calculator.ts";
import type { Tool } from "./contract.ts";
import { currentTime } from "./current-time.ts";
import { ownUsage } from "./own-usage.ts";

const tools: readonly Tool[] = [currentTime, calculator, ownUsage];

/** Every tool by its id. */
export const toolCatalog: ReadonlyMap<string, Tool> = new Map(
  tools.map((tool) => [tool.spec.id, tool]),
);

/** What models are told of the tools. */
export const toolSpecs: readonly ToolSpec[] = tools.map((tool) => tool.spec);
