import type { JsonValue } from "../ports/json.ts";
import { countOf } from "./format.ts";
import { el, setText } from "./dom.ts";
import { renderMarkdown } from "./sanitize.ts";
import { stepPreview, toolStates, toolTitle } from "./step-preview.ts";
import type { Step, TextStep, ToolStep } from "./transcript.ts";

export interface StepsView {
  element: HTMLDetailsElement;
  show(steps: readonly Step[], isOver: boolean): void;
}

interface StepView {
  element: HTMLElement;
  shown: Step;
  update(step: Step): void;
}

/** The work behind a reply: texts of the other nodes and tool calls, closed until somebody wants to see them. */
export function createStepsView(): StepsView {
  const label = el("span", { class: "steps-count" });
  const preview = el("span", { class: "steps-preview", dir: "auto" });
  const list = el("ol", { class: "steps-list" });
  const element = el(
    "details",
    { class: "steps", hidden: true },
    el("summary", {}, label, preview),
    list,
  );
  const views = new Map<string, StepView>();

  function show(steps: readonly Step[], isOver: boolean) {
    element.hidden = steps.length === 0;
    setText(label, countOf(steps.length, "step"));
    const newest = steps.at(-1);
    setText(preview, newest === undefined ? "" : stepPreview(newest, isOver));
    const keys = new Set(steps.map(keyOf));
    for (const [key, view] of views) {
      if (keys.has(key)) continue;
      view.element.remove();
      views.delete(key);
    }
    steps.forEach((step, index) => {
      const view = views.get(keyOf(step)) ?? createStep(step);
      views.set(keyOf(step), view);
      if (view.shown !== step) view.update(step);
      if (list.children[index] !== view.element) {
        list.insertBefore(view.element, list.children[index] ?? null);
      }
    });
  }

  return { element, show };
}

function keyOf(step: Step): string {
  return step.kind === "text" ? `text ${step.messageId}` : `tool ${step.toolCallId}`;
}

function createStep(step: Step): StepView {
  return step.kind === "text" ? createTextStep(step) : createToolStep(step);
}

function createTextStep(first: TextStep): StepView {
  const text = el("div", { class: "markdown", dir: "auto" });
  const element = el("li", { class: "step" }, el("p", { class: "step-name" }, first.nodeKey), text);
  const view: StepView = {
    element,
    shown: first,
    update(step) {
      if (step.kind !== "text") return;
      view.shown = step;
      text.replaceChildren(renderMarkdown(step.text));
    },
  };
  view.update(first);
  return view;
}

function createToolStep(first: ToolStep): StepView {
  const state = el("span", { class: "tool-state" });
  const args = el("pre", { tabindex: 0 });
  const result = el("pre", { tabindex: 0 });
  const element = el(
    "li",
    { class: "step" },
    el(
      "details",
      { class: "tool" },
      el("summary", {}, el("span", { class: "step-name" }, toolTitle(first.toolName)), state),
      el("p", { class: "tool-part" }, "Arguments"),
      args,
      el("p", { class: "tool-part" }, "Result"),
      result,
    ),
  );
  const view: StepView = {
    element,
    shown: first,
    update(step) {
      if (step.kind !== "tool") return;
      view.shown = step;
      element.dataset["state"] = step.state;
      setText(state, toolStates[step.state]);
      setText(args, jsonText(step.args));
      setText(result, step.state === "running" ? "…" : jsonText(step.result));
    },
  };
  view.update(first);
  return view;
}

export function jsonText(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
