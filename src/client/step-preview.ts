import type { Step, ToolStep } from "./transcript.ts";

const lengthMax = 160;

export const toolStates: Readonly<Record<ToolStep["state"], string>> = {
  running: "running",
  ok: "done",
  failed: "failed",
};

/** One line about a step: of a text that grows its end, of one that is over its beginning. Neither cuts a word at its start. */
export function stepPreview(step: Step, isOver: boolean): string {
  if (step.kind === "tool") return `${toolTitle(step.toolName)}: ${toolStates[step.state]}`;
  const text = step.text.trim().replace(/\s+/g, " ");
  return `${step.nodeKey}: ${isOver ? text.slice(0, lengthMax) : endOf(text)}`;
}

function endOf(text: string): string {
  if (text.length <= lengthMax) return text;
  const end = text.slice(-lengthMax);
  return `…${end.slice(end.indexOf(" ") + 1)}`;
}

/** `core__current_time` -> `current time`. */
export function toolTitle(toolName: string): string {
  return toolName
    .slice(toolName.indexOf("__") + (toolName.includes("__") ? 2 : 1))
    .replaceAll("_", " ");
}
