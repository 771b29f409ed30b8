/**
 * Puts a newer card in the place of one that a person may be reading or about to press: an open list of runs stays open
 * with what it shows, and the focus stays on the same control.
 */
export function replaceCard(old: Element, fresh: Element): void {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const position = focused === null ? -1 : controls(old).indexOf(focused);
  const shown = old.querySelector("details");
  const details = fresh.querySelector("details");
  if (shown?.open === true && details !== null) {
    details
      .querySelector(".runs")
      ?.replaceChildren(...(shown.querySelector(".runs")?.childNodes ?? []));
    details.open = true;
  }
  old.replaceWith(fresh);
  const counterpart = controls(fresh)[position];
  if (counterpart instanceof HTMLElement) counterpart.focus({ preventScroll: true });
}

function controls(card: Element): Element[] {
  return [...card.querySelectorAll("a, button, summary")];
}
