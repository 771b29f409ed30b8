import { replaceCard } from "./replace-card.ts";

/**
 * Shows items in a list, in order. What looks the same keeps its element, and with it the focus, the selection and its
 * place on the screen, while the others come and change around it.
 */
export function keyedList<Item>(
  list: HTMLElement,
  { keyOf, render }: { keyOf(item: Item): string; render(item: Item): HTMLElement },
): (items: readonly Item[]) => void {
  const shown = new Map<string, HTMLElement>();
  function elementOf(item: Item): HTMLElement {
    const key = keyOf(item);
    const fresh = render(item);
    const old = shown.get(key);
    if (old?.isEqualNode(fresh) === true) return old;
    if (old !== undefined) replaceCard(old, fresh);
    shown.set(key, fresh);
    return fresh;
  }
  return (items) => {
    for (const [index, item] of items.entries()) {
      const element = elementOf(item);
      const there = list.children[index] ?? null;
      // To put an element where it is already would take the focus out of it.
      if (there !== element) list.insertBefore(element, there);
    }
    while (list.children.length > items.length) list.lastElementChild?.remove();
  };
}
