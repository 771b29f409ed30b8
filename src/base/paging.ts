import { InvalidInput } from "./errors.ts";

/** Which list a cursor belongs to: in another one its place means nothing. */
export type List = "activity" | "keys" | "ledger" | "runs" | "schedules" | "threads";

/** The place after an item in a list that is ordered by time and then id, newest first. */
export interface Place {
  at: number;
  id: string;
}

export interface PageWish {
  accountId: string;
  limit: number;
  cursor?: string | undefined;
}

export interface Page<Item> {
  items: Item[];
  /** Opaque; null when this was the last page. */
  nextCursor: string | null;
}

/** Times stay below this (the year 2255), so that a cursor cannot smuggle a number that SQLite reads differently. */
const timeMax = 9_000_000_000_000;

export function encodeCursor(list: List, { at, id }: Place): string {
  return btoa(JSON.stringify([list, at, id]))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** Throws `InvalidInput` for anything that `encodeCursor` did not make for this list. Absent: the first page. */
export function decodeCursor(list: List, cursor: string | undefined): Place | null {
  if (cursor === undefined) return null;
  const place = parsePlace(cursor);
  if (place === null || encodeCursor(list, place) !== cursor) {
    throw new InvalidInput("The cursor is not one that this list gave out.", [
      { path: "cursor", message: "Use nextCursor of the page before, unchanged." },
    ]);
  }
  return place;
}

function parsePlace(cursor: string): Place | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    // Not base64 or not JSON: the caller answers both alike.
    return null;
  }
  if (!Array.isArray(parsed) || parsed.length !== 3) return null;
  const [, at, id] = parsed as unknown[];
  const isTime = typeof at === "number" && Number.isInteger(at) && at >= 0 && at <= timeMax;
  const isName = typeof id === "string" && /^[\x21-\x7e]{1,200}$/.test(id);
  return isTime && isName ? { at, id } : null;
}

/** Cuts a page out of one row more than it holds: the extra row says that there is another page. */
export function pageOf<Item>(
  list: List,
  rows: Item[],
  limit: number,
  placeOf: (item: Item) => Place,
): Page<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const isMore = rows.length > limit && last !== undefined;
  return { items, nextCursor: isMore ? encodeCursor(list, placeOf(last)) : null };
}
