import { replaceCard } from "./replace-card.ts";

/**
 * Shows items in a list, in order. What is rendered as before keeps its element, and with it the focus, the selection,
 * what was opened in it and its place on the screen, while the others come and change around it.
 */
export function keyedList<Item>(
  list: HTMLElement,
  { keyOf, render }: { keyOf(item: Item): string; render(item: Item): HTMLElement },
): (items: readonly Item[]) => void {
  /** With a copy of each element as it was rendered, since people open and close what is in it. */
  let shown = new Map<string, { element: HTMLElement; rendered: Node }>();
  function show(item: Item) {
    const fresh = render(item);
    const old = shown.get(keyOf(item));
    if (old?.rendered.isEqualNode(fresh) === true) return old;
    const rendered = fresh.cloneNode(true);
    if (old !== undefined) replaceCard(old.element, fresh);
    return { element: fresh, rendered };
  }
  return (items) => {
    shown = new Map(items.map((item) => [keyOf(item), show(item)]));
    const elements = [...shown.values()].map(({ element }) => element);
    const wanted = new Set<Element>(elements);
    for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
    for (const [index, element] of elements.entries()) {
      const there = list.children[index] ?? null;
      // To put an element where it is already would take the focus out of it.
      if (there !== element) list.insertBefore(element, there);
    }
  };
}
