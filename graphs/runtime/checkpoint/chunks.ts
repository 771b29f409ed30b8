/**
 * Longest text of one row, in UTF-16 units. Each takes at most three bytes of UTF-8, so a row stays well under the 2 MB
 * that a Durable Object takes; workerd on a developer's machine accepts more and would hide the mistake.
 */
export const chunkUnitsMax = 500_000;

/** Cuts a text into pieces that fit a row, at least one. */
export function splitText(text: string): string[] {
  const chunks: string[] = [];
  let start = 0;
  do {
    let end = Math.min(start + chunkUnitsMax, text.length);
    // Half of a surrogate pair has no UTF-8 and would come back as a replacement character.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1;
    chunks.push(text.slice(start, end));
    start = end;
  } while (start < text.length);
  return chunks;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

export interface ChunkRow {
  chunk: number;
  body: string;
}

/** Puts rows that are in order back together; every chunk 0 starts another text, whose first row comes with it. */
export function joinChunks<Row extends ChunkRow>(
  rows: readonly Row[],
): { row: Row; text: string }[] {
  const joined: { row: Row; text: string }[] = [];
  let last: { row: Row; text: string } | undefined;
  for (const row of rows) {
    if (last === undefined || row.chunk === 0) {
      last = { row, text: row.body };
      joined.push(last);
    } else {
      last.text += row.body;
    }
  }
  return joined;
}
