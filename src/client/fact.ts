import { el } from "./dom.ts";

/** A named value of a `dl` of facts. */
export function fact(label: string, ...value: (Node | string)[]): HTMLElement {
  return el("div", {}, el("dt", {}, label), el("dd", { class: "number" }, ...value));
}
