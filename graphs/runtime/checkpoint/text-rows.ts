import { chunkUnitsMax, joinChunks, splitText } from "./chunks.ts";
import type { ChunkRow } from "./chunks.ts";
import type { Scope } from "./config-keys.ts";
import type { CheckpointSql } from "./storage.ts";

/** What a text is; see `table.ts` for what key, place and note mean to each. */
export type TextKind = "attempt" | "checkpoint" | "item" | "value" | "write";

/** Names one text in the table. */
export interface TextKey extends Scope {
  kind: TextKind;
  key: string;
  place: number;
}

export interface TextRow extends ChunkRow {
  checkpoint_ns: string;
  key: string;
  place: number;
  note: string | null;
}

export interface NotedText {
  note: string | null;
  text: string;
}

/** Keeps a text and a note about it. Throws where there is one under its key. */
export function addText(sql: CheckpointSql, at: TextKey, content: NotedText): void {
  insert(sql, at, content, "");
}

/** The same, except that what is there under its key stays. */
export function addTextOnce(sql: CheckpointSql, at: TextKey, content: NotedText): void {
  // The first chunk of what is there stays by itself; later ones must not be added to it.
  if (content.text.length > chunkUnitsMax && isThere(sql, at)) return;
  insert(sql, at, content, "ON CONFLICT DO NOTHING");
}

function insert(
  sql: CheckpointSql,
  at: TextKey,
  { note, text }: NotedText,
  onConflict: "" | "ON CONFLICT DO NOTHING",
): void {
  for (const [chunk, body] of splitText(text).entries()) {
    sql.exec(
      `INSERT INTO checkpoint_rows (thread_id, kind, checkpoint_ns, key, place, chunk, note, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ${onConflict}`,
      ...bindingsOf(at),
      chunk,
      note,
      body,
    );
  }
}

function isThere(sql: CheckpointSql, at: TextKey): boolean {
  const found = sql
    .exec(`SELECT 1 FROM checkpoint_rows WHERE ${isAt} AND chunk = 0`, ...bindingsOf(at))
    .toArray();
  return found.length > 0;
}

export function removeText(sql: CheckpointSql, at: TextKey): void {
  sql.exec(`DELETE FROM checkpoint_rows WHERE ${isAt}`, ...bindingsOf(at));
}

const isAt = "thread_id = ? AND kind = ? AND checkpoint_ns = ? AND key = ? AND place = ?";

function bindingsOf({ threadId, kind, checkpointNs, key, place }: TextKey) {
  return [threadId, kind, checkpointNs, key, place] as const;
}

/** The texts that `condition` selects, whole, each with its first row. */
export function readTexts(
  sql: CheckpointSql,
  condition: string,
  bindings: readonly (string | number)[],
  /** Must keep the rows of a text together. */
  order = "key, place, chunk",
): { row: TextRow; text: string }[] {
  const rows = sql
    .exec(
      `SELECT checkpoint_ns, key, place, chunk, note, body FROM checkpoint_rows
       WHERE ${condition} ORDER BY ${order}`,
      ...bindings,
    )
    .toArray() as unknown as TextRow[];
  return joinChunks(rows);
}

/** A key of two parts. Keys with the same first part lie together, between the two ends of `rangeOf`. */
export function pairKey(first: string, second: string): string {
  return JSON.stringify([first, second]);
}

export function partsOf(pair: string): [first: string, second: string] {
  return JSON.parse(pair) as [string, string];
}

export function rangeOf(first: string): [from: string, to: string] {
  const start = JSON.stringify([first]).slice(0, -1);
  // What follows the first part is a comma, and the character after a comma is a hyphen.
  return [`${start},`, `${start}-`];
}
