import { createApprovalGraph } from "../approval/graph.ts";
import { createAssistantGraph } from "../assistant/graph.ts";
import { createPoetGraph } from "../poet/graph.ts";
import { createPondererGraph } from "../ponderer/graph.ts";
import { createResearchGraph } from "../research/graph.ts";
import type { GraphFactory } from "./kit.ts";

/** The factory of every graph in the catalog, by name; apart from it so that discovery loads nothing that executes. */
export const graphFactories: ReadonlyMap<string, GraphFactory> = new Map([
  ["approval", createApprovalGraph],
  ["assistant", createAssistantGraph],
  ["poet", createPoetGraph],
  ["ponderer", createPondererGraph],
  ["research", createResearchGraph],
]);
