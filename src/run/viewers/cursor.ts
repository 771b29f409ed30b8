/** Where a viewer wants to go on: the number of the last event it has; null when that makes no sense. */
export function parseCursor(text: string | null, lastSeq: number): number | null {
  if (text === null || text === "") return 0;
  if (!/^\d{1,15}$/.test(text)) return null;
  const cursor = Number(text);
  return cursor <= lastSeq ? cursor : null;
}
