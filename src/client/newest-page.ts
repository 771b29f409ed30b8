interface Listed {
  createdAt: string;
}

/**
 * A list of which the newest page was read again: what is on the page is as the page says, and what is not and would have
 * its place there is gone. Further pages that are shown already stay as they are.
 */
export function withNewestPage<Item extends Listed>(
  shown: readonly Item[],
  page: { items: readonly Item[]; nextCursor: string | null },
  idOf: (item: Item) => string,
): Item[] {
  const { items, nextCursor } = page;
  const oldest = items.at(-1);
  if (nextCursor === null || oldest === undefined) return [...items];
  const ids = new Set(items.map(idOf));
  const older = shown.filter((item) => item.createdAt <= oldest.createdAt && !ids.has(idOf(item)));
  return [...items, ...older];
}
