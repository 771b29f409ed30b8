import type { CheckpointKey } from "./config-keys.ts";
import { encodeEntries, hasEntries } from "./metadata-entries.ts";
import type { CheckpointBinding, CheckpointSql } from "./storage.ts";

/** What to list; what is left out narrows nothing. */
export interface Listing {
  threadId?: string | undefined;
  checkpointNs?: string | undefined;
  checkpointId?: string | undefined;
  /** Only checkpoints older than the one with this id. */
  beforeId?: string | undefined;
  /** Entries of the metadata. */
  filter?: Readonly<Record<string, unknown>> | undefined;
  limit?: number | undefined;
}

/** The checkpoints that match, latest first. */
export function listCheckpoints(sql: CheckpointSql, listing: Listing): CheckpointKey[] {
  const conditions: [condition: string, binding: CheckpointBinding | undefined][] = [
    ["thread_id = ?", listing.threadId],
    ["checkpoint_ns = ?", listing.checkpointNs],
    ["key = ?", listing.checkpointId],
    ["key < ?", listing.beforeId],
    [hasEntries, listing.filter && encodeEntries(listing.filter)],
  ];
  const wanted = conditions.flatMap(([condition, binding]) =>
    binding === undefined ? [] : [{ condition, binding }],
  );
  const rows = sql
    .exec(
      `SELECT thread_id, checkpoint_ns, key FROM checkpoint_rows
       WHERE ${["kind = 'checkpoint' AND chunk = 0", ...wanted.map(({ condition }) => condition)].join(" AND ")}
       ORDER BY key DESC LIMIT ?`,
      ...wanted.map(({ binding }) => binding),
      // SQLite takes a negative limit for none; a caller's means nothing at all.
      listing.limit === undefined ? -1 : Math.max(0, listing.limit),
    )
    .toArray();
  return rows.map((row) => ({
    threadId: row["thread_id"] as string,
    checkpointNs: row["checkpoint_ns"] as string,
    checkpointId: row["key"] as string,
  }));
}
