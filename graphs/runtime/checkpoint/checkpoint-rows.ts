import type { Checkpoint, CheckpointMetadata } from "@langchain/langgraph";
import { chunkUnitsMax } from "./chunks.ts";
import type { CheckpointKey, Scope } from "./config-keys.ts";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { encodeEntries, hasEntries } from "./metadata-entries.ts";
import type { CheckpointBinding, CheckpointSql } from "./storage.ts";
import { readTexts, replaceText } from "./text-rows.ts";
import type { TextKey } from "./text-rows.ts";

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
  key: CheckpointKey,
  parentId: string | null,
  { body, metadata }: EncodedCheckpoint,
): void {
  const note = `[${JSON.stringify(parentId)},${metadata}]`;
  replaceText(sql, placeOf(key), { note, text: body });
}

function placeOf({ threadId, checkpointNs, checkpointId }: CheckpointKey): TextKey {
  return { threadId, kind: "checkpoint", checkpointNs, key: checkpointId, place: 0 };
}

/** The named checkpoint, or the latest of the scope. */
export function readCheckpoint(
  sql: CheckpointSql,
  { threadId, checkpointNs }: Scope,
  checkpointId: string | undefined,
): StoredCheckpoint | undefined {
  const named = checkpointId === undefined ? "" : "AND key = ?";
  const [found] = readTexts(
    sql,
    `thread_id = ? AND kind = 'checkpoint' AND checkpoint_ns = ? ${named}`,
    [threadId, checkpointNs, ...(checkpointId === undefined ? [] : [checkpointId])],
    { order: "key DESC", limit: 1 },
  );
  if (found === undefined) return undefined;
  const { row, text } = found;
  const [parentId, entries] = decode(row.note ?? "") as [string | null, [string, unknown][]];
  return {
    key: { threadId, checkpointNs, checkpointId: row.key },
    parentId,
    checkpoint: decode(text) as BareCheckpoint,
    metadata: Object.fromEntries(entries) as CheckpointMetadata,
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
       WHERE ${["kind = 'checkpoint'", ...wanted.map(({ condition }) => condition)].join(" AND ")}
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

/** Removes everything that is kept of a thread. */
export function deleteRows(sql: CheckpointSql, threadId: string): void {
  sql.exec("DELETE FROM checkpoint_rows WHERE thread_id = ?", threadId);
}
