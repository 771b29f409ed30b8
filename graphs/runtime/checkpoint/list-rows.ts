import type { Scope } from "./config-keys.ts";
import { continueList } from "./shared-list.ts";
import type { Range, StoredList } from "./shared-list.ts";
import type { CheckpointSql } from "./storage.ts";
import { addText, readTexts } from "./text-rows.ts";

/** The encoded items of a channel's list. */
export function readList(
  sql: CheckpointSql,
  { threadId, checkpointNs }: Scope,
  channel: string,
  ranges: readonly Range[],
): StoredList {
  const items = ranges.flatMap(([from, to]) =>
    readTexts(
      sql,
      `thread_id = ? AND kind = 'item' AND checkpoint_ns = ? AND key = ?
         AND place >= ? AND place < ?`,
      [threadId, checkpointNs, channel, from, to],
    ).map(({ text }) => text),
  );
  return { ranges, items };
}

/**
 * Keeps the items that the channel's previous list does not begin with. Returns where all of the list's items are.
 * `isFirst`: nothing is kept of the channel yet.
 */
export function writeList(
  sql: CheckpointSql,
  scope: Scope,
  channel: string,
  previous: StoredList | undefined,
  { items, isFirst }: { items: readonly string[]; isFirst: boolean },
): Range[] {
  const nextItem = isFirst ? 0 : countItems(sql, scope, channel);
  const { ranges, added } = continueList(previous ?? { ranges: [], items: [] }, items, nextItem);
  for (const [index, text] of added.entries()) {
    const at = { ...scope, kind: "item", key: channel, place: nextItem + index } as const;
    addText(sql, at, { note: null, text });
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
      `SELECT coalesce(max(place) + 1, 0) AS count FROM checkpoint_rows
       WHERE thread_id = ? AND kind = 'item' AND checkpoint_ns = ? AND key = ?`,
      threadId,
      checkpointNs,
      channel,
    )
    .toArray();
  return row?.["count"] as number;
}
