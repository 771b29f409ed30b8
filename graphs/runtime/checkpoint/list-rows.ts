import { joinChunks, splitText } from "./chunks.ts";
import type { ChunkRow } from "./chunks.ts";
import type { Scope } from "./config-keys.ts";
import { continueList } from "./shared-list.ts";
import type { Range, StoredList } from "./shared-list.ts";
import type { CheckpointSql } from "./storage.ts";

/** The encoded items of a channel's list. */
export function readList(
  sql: CheckpointSql,
  { threadId, checkpointNs }: Scope,
  channel: string,
  ranges: readonly Range[],
): StoredList {
  const items = ranges.flatMap(([from, to]) => {
    const rows = sql
      .exec(
        `SELECT chunk, body FROM checkpoint_items
         WHERE thread_id = ? AND checkpoint_ns = ? AND channel = ? AND item >= ? AND item < ?
         ORDER BY item, chunk`,
        threadId,
        checkpointNs,
        channel,
        from,
        to,
      )
      .toArray() as unknown as ChunkRow[];
    return joinChunks(rows).map(({ text }) => text);
  });
  return { ranges, items };
}

/** Keeps the items that the channel's previous list does not begin with. Returns where all of the list's items are. */
export function writeList(
  sql: CheckpointSql,
  scope: Scope,
  channel: string,
  previous: StoredList | undefined,
  items: readonly string[],
): Range[] {
  const nextItem = countItems(sql, scope, channel);
  const { ranges, added } = continueList(previous ?? { ranges: [], items: [] }, items, nextItem);
  for (const [index, item] of added.entries()) {
    writeItem(sql, scope, channel, nextItem + index, item);
  }
  return ranges;
}

function countItems(
  sql: CheckpointSql,
  { threadId, checkpointNs }: Scope,
  channel: string,
): number {
  const [row] = sql
    .exec(
      `SELECT coalesce(max(item) + 1, 0) AS count FROM checkpoint_items
       WHERE thread_id = ? AND checkpoint_ns = ? AND channel = ?`,
      threadId,
      checkpointNs,
      channel,
    )
    .toArray();
  return row?.["count"] as number;
}

function writeItem(
  sql: CheckpointSql,
  { threadId, checkpointNs }: Scope,
  channel: string,
  item: number,
  text: string,
): void {
  for (const [chunk, body] of splitText(text).entries()) {
    sql.exec(
      `INSERT INTO checkpoint_items (thread_id, checkpoint_ns, channel, item, chunk, body)
       VALUES (?, ?, ?, ?, ?, ?)`,
      threadId,
      checkpointNs,
      channel,
      item,
      chunk,
      body,
    );
  }
}
