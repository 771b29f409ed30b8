import type { GraphDescriptor } from "../src/ports/graph-catalog.ts";
import { assistantToolIds } from "./assistant/tools.ts";

/** Every graph, in the order of the selector. Discovery reads this and nothing that executes. */
export const graphCatalog: readonly GraphDescriptor[] = [
  {
    name: "assistant",
    title: "Assistant",
    description: "Answers, and uses tools where they help.",
    toolIds: assistantToolIds,
    nodeKeys: ["assistant"],
    interrupts: false,
  },
  {
    name: "poet",
    title: "Poet",
    description: "Answers with a short poem, in a single model call.",
    toolIds: [],
    nodeKeys: ["poet"],
    interrupts: false,
  },
  {
    name: "ponderer",
    title: "Ponderer",
    description: "Thinks first, criticises its thoughts, then answers.",
    toolIds: [],
    nodeKeys: ["think", "critique", "answer"],
    interrupts: false,
  },
  {
    name: "research",
    title: "Research",
    description: "Splits a question into parts, works on them in parallel and writes one report.",
    toolIds: [],
    nodeKeys: ["planner", "worker", "writer"],
    interrupts: false,
  },
  {
    name: "approval",
    title: "Approval",
    description:
      "Drafts an answer for you to approve, with a comment that it then follows, or to decline.",
    toolIds: [],
    nodeKeys: ["drafter", "finisher"],
    interrupts: true,
  },
];

export const defaultGraphName = "assistant";
