import type { Checkpoint, CheckpointMetadata } from "@langchain/langgraph";
import { nameOf } from "./channel-values.ts";
import type { StoredValue } from "./channel-values.ts";
import type { CheckpointKey, Scope } from "./config-keys.ts";
import { fromTree } from "./decode.ts";
import { encode } from "./encode.ts";
import { decodeEntries, encodeEntries } from "./metadata-entries.ts";
import type { CheckpointSql } from "./storage.ts";
import type { Tree } from "./tag.ts";
import { addText, addTextOnce, readTexts, removeText } from "./text-rows.ts";
import type { TextKey, TextRow } from "./text-rows.ts";

/** A checkpoint without the values of its channels. */
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

export function encodeCheckpoint(
  checkpoint: BareCheckpoint,
  about: CheckpointMetadata,
): EncodedCheckpoint {
  return { body: encode(checkpoint), metadata: encodeEntries(about) };
}

/** Its JSON: a checkpoint with the small ones of the values that came with it. */
export interface Body {
  checkpoint: Tree;
  values: [version: string, channel: string, kind: string, content: Tree][];
}

/** Larger values lie apart: whoever reads a state must not read all that lies beside its values. */
const besideUnitsMax = 2_000;
/** Every row of a checkpoint has its note beside a piece of its body; both have to fit. */
const noteUnitsMax = 100_000;

/**
 * Keeps a checkpoint with the values that came with it; `isNew`: there is none under its key that would be replaced. Throws
 * when its metadata and the names of its channels are too large for a row.
 */
export function writeCheckpoint(
  sql: CheckpointSql,
  key: CheckpointKey,
  parentId: string | null,
  { body, metadata }: EncodedCheckpoint,
  { values, isNew }: { values: readonly StoredValue[]; isNew: boolean },
): void {
  const { beside = [], apart = [] } = Object.groupBy(values, ({ text }) =>
    text.length <= besideUnitsMax ? "beside" : "apart",
  );
  // The metadata is a text in it, for SQLite to look into where somebody asks for it, and nowhere else.
  const note = JSON.stringify([parentId, metadata, beside.map(nameOf)]);
  if (note.length > noteUnitsMax) {
    throw new RangeError(
      `a checkpoint's metadata and names of channels exceed ${noteUnitsMax} characters: ` +
        "keep large values in the graph's state, not in the config's metadata",
    );
  }
  const contents = beside.map(({ version, channel, kind, text }) => {
    const named = [version, channel, kind].map((name) => JSON.stringify(name)).join(",");
    return `[${named},${text}]`;
  });
  const at = placeOf(key);
  if (!isNew) removeText(sql, at);
  addText(sql, at, { note, text: `{"checkpoint":${body},"values":[${contents.join(",")}]}` });
  for (const value of apart) {
    addTextOnce(
      sql,
      { ...key, kind: "value", key: nameOf(value), place: 0 },
      { note: value.kind, text: value.text },
    );
  }
}

function placeOf({ threadId, checkpointNs, checkpointId }: CheckpointKey): TextKey {
  return { threadId, kind: "checkpoint", checkpointNs, key: checkpointId, place: 0 };
}

const inScope = "thread_id = ? AND kind = 'checkpoint' AND checkpoint_ns = ?";

/** The named checkpoint, or the latest of the scope. */
export function readCheckpoint(
  sql: CheckpointSql,
  scope: Scope,
  checkpointId: string | undefined,
): StoredCheckpoint | undefined {
  const { threadId, checkpointNs } = scope;
  const bindings = [threadId, checkpointNs];
  const [found] =
    checkpointId === undefined
      ? readBodies(
          sql,
          scope,
          `key = (SELECT max(key) FROM checkpoint_rows WHERE ${inScope})`,
          bindings,
        )
      : readBodies(sql, scope, "key = ?", [checkpointId]);
  if (found === undefined) return undefined;
  const { row, body } = found;
  const [parentId, metadata] = JSON.parse(row.note ?? "") as [string | null, string];
  return {
    key: { threadId, checkpointNs, checkpointId: row.key },
    parentId,
    checkpoint: fromTree(body.checkpoint) as BareCheckpoint,
    metadata: decodeEntries(metadata) as CheckpointMetadata,
  };
}

/** The checkpoints of a scope that `condition` selects, as they are stored. */
export function readBodies(
  sql: CheckpointSql,
  { threadId, checkpointNs }: Scope,
  condition: string,
  bindings: readonly string[],
): { row: TextRow; body: Body }[] {
  return readTexts(sql, `${inScope} AND ${condition}`, [threadId, checkpointNs, ...bindings]).map(
    ({ row, text }) => ({ row, body: JSON.parse(text) as Body }),
  );
}

/** Removes everything that is kept of a thread. */
export function deleteRows(sql: CheckpointSql, threadId: string): void {
  sql.exec("DELETE FROM checkpoint_rows WHERE thread_id = ?", threadId);
}
