/** Consecutive items, `to` not included. A list is its ranges, one after another. */
export type Range = [from: number, to: number];

export interface StoredList {
  ranges: readonly Range[];
  /** The encoded items, in the list's order. */
  items: readonly string[];
}

/**
 * A list in terms of the one before it: the items that both begin with are kept, only the rest is new. So a conversation
 * that grows costs its new messages at each step, and not itself again. New items are numbered from `nextItem`.
 */
export function continueList(
  previous: StoredList,
  items: readonly string[],
  nextItem: number,
): { ranges: Range[]; added: readonly string[] } {
  const kept = commonLength(previous.items, items);
  const added = items.slice(kept);
  const ranges = firstItems(previous.ranges, kept);
  const last = ranges.at(-1);
  if (added.length > 0) {
    if (last?.[1] === nextItem) last[1] += added.length;
    else ranges.push([nextItem, nextItem + added.length]);
  }
  return { ranges, added };
}

function commonLength(left: readonly string[], right: readonly string[]): number {
  let length = 0;
  while (length < left.length && length < right.length && left[length] === right[length]) {
    length += 1;
  }
  return length;
}

function firstItems(ranges: readonly Range[], count: number): Range[] {
  const first: Range[] = [];
  let missing = count;
  for (const [from, to] of ranges) {
    if (missing <= 0) break;
    const end = Math.min(to, from + missing);
    first.push([from, end]);
    missing -= end - from;
  }
  return first;
}
