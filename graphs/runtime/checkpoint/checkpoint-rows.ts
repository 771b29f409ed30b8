import type { Checkpoint, CheckpointMetadata } from "@langchain/langgraph";
import { chunkUnitsMax } from "./chunks.ts";
import type { CheckpointKey, Scope } from "./config-keys.ts";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { decodeEntries, encodeEntries, hasEntries } from "./metadata-entries.ts";
import type { CheckpointBinding, CheckpointSql } from "./storage.ts";

/** A checkpoint as it is stored: without the values of its channels. */
export type BareCheckpoint = Omit<Checkpoint, "channel_values">;

export interface StoredCheckpoint {
  key: CheckpointKey;
  parentId: string | null;
  checkpoint: BareCheckpoint;
  metadata: CheckpointMetadata;
}

/** A checkpoint and its metadata as text. */
export interface EncodedCheckpoint {
  body: string;
  metadata: string;
}

/** Throws when versions and metadata are too large for a row. */
export function encodeCheckpoint(
  checkpoint: BareCheckpoint,
  about: CheckpointMetadata,
): EncodedCheckpoint {
  const body = encode(checkpoint);
  const metadata = encodeEntries(about);
  if (body.length + metadata.length > chunkUnitsMax) {
    throw new RangeError(
      `a checkpoint's versions and metadata exceed ${chunkUnitsMax} characters: ` +
        "keep large values in the graph's state, not in the config's metadata",
    );
  }
  return { body, metadata };
}

/** Keeps a checkpoint, in place of one with the same key. */
export function writeCheckpoint(
  sql: CheckpointSql,
  { threadId, checkpointNs, checkpointId }: CheckpointKey,
  parentId: string | null,
  { body, metadata }: EncodedCheckpoint,
): void {
  sql.exec(
    `INSERT OR REPLACE INTO checkpoints
       (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, body, metadata)
     VALUES (?, ?, ?, ?, ?, ?)`,
    threadId,
    checkpointNs,
    checkpointId,
    parentId,
    body,
    metadata,
  );
}

/** The named checkpoint, or the latest of the scope. */
export function readCheckpoint(
  sql: CheckpointSql,
  scope: Scope,
  checkpointId: string | undefined,
): StoredCheckpoint | undefined {
  const { threadId, checkpointNs } = scope;
  const named = checkpointId === undefined ? "" : "AND checkpoint_id = ?";
  const [row] = sql
    .exec(
      `SELECT checkpoint_id, parent_checkpoint_id, body, metadata FROM checkpoints
       WHERE thread_id = ? AND checkpoint_ns = ? ${named}
       ORDER BY checkpoint_id DESC LIMIT 1`,
      threadId,
      checkpointNs,
      ...(checkpointId === undefined ? [] : [checkpointId]),
    )
    .toArray();
  if (row === undefined) return undefined;
  return {
    key: { threadId, checkpointNs, checkpointId: row["checkpoint_id"] as string },
    parentId: row["parent_checkpoint_id"] as string | null,
    checkpoint: decode(row["body"] as string) as BareCheckpoint,
    metadata: decodeEntries(row["metadata"] as string) as CheckpointMetadata,
  };
}

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
    ["checkpoint_id = ?", listing.checkpointId],
    ["checkpoint_id < ?", listing.beforeId],
    [hasEntries, listing.filter && encodeEntries(listing.filter)],
  ];
  const wanted = conditions.flatMap(([condition, binding]) =>
    binding === undefined ? [] : [{ condition, binding }],
  );
  const rows = sql
    .exec(
      `SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints
       WHERE ${["TRUE", ...wanted.map(({ condition }) => condition)].join(" AND ")}
       ORDER BY checkpoint_id DESC LIMIT ?`,
      ...wanted.map(({ binding }) => binding),
      // SQLite takes a negative limit for none; a caller's means nothing at all.
      listing.limit === undefined ? -1 : Math.max(0, listing.limit),
    )
    .toArray();
  return rows.map((row) => ({
    threadId: row["thread_id"] as string,
    checkpointNs: row["checkpoint_ns"] as string,
    checkpointId: row["checkpoint_id"] as string,
  }));
}

/** Removes everything that any table holds of a thread. */
export function deleteRows(sql: CheckpointSql, threadId: string): void {
  sql.exec("DELETE FROM checkpoints WHERE thread_id = ?", threadId);
  sql.exec("DELETE FROM checkpoint_values WHERE thread_id = ?", threadId);
  sql.exec("DELETE FROM checkpoint_items WHERE thread_id = ?", threadId);
  sql.exec("DELETE FROM checkpoint_writes WHERE thread_id = ?", threadId);
  sql.exec("DELETE FROM checkpoint_attempts WHERE thread_id = ?", threadId);
}
