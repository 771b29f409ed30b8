import type { Problem } from "./api.ts";
import { problemText } from "./api.ts";
import { button, byId, el } from "./dom.ts";

/** Stands where something could not be loaded. `retry` resolves once the place shows what came of it. */
export function showLoadFailure(place: HTMLElement, problem: Problem, retry: () => Promise<void>) {
  const again = button("Retry", () => void tryAgain());
  async function tryAgain() {
    if (again.ariaDisabled === "true") return;
    again.ariaDisabled = "true";
    await retry();
    // The button is gone, and the focus would be with it.
    (place.querySelector<HTMLElement>(".load-failure button") ?? byId("main", HTMLElement)).focus();
  }
  const words = el("p", { role: "alert" }, problemText(problem));
  place.replaceChildren(el("div", { class: "load-failure" }, words, again));
}
