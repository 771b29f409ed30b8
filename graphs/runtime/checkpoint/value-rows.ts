import { joinChunks, splitText } from "./chunks.ts";
import type { ChunkRow } from "./chunks.ts";
import type { Scope } from "./config-keys.ts";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { readList, writeList } from "./list-rows.ts";
import type { Range, StoredList } from "./shared-list.ts";
import type { CheckpointSql } from "./storage.ts";

type Kind = "value" | "list";

interface ValueRow extends ChunkRow {
  channel: string;
  kind: Kind;
}

/** The stored values of these channels at these versions; a channel that was empty at its version has none. */
export function readValues(
  sql: CheckpointSql,
  scope: Scope,
  versions: readonly [channel: string, version: string][],
): [channel: string, value: unknown][] {
  return readBodies(sql, scope, versions).map(({ row, text }) => {
    switch (row.kind) {
      case "value":
        return [row.channel, decode(text)];
      case "list": {
        const { items } = readList(sql, scope, row.channel, JSON.parse(text) as Range[]);
        return [row.channel, decode(`[${items.join(",")}]`)];
      }
      default:
        throw new Error(`a channel's value is stored in the unknown form ${String(row.kind)}`);
    }
  });
}

/** A channel's value as text: its items apart where it is a list of objects. */
export type EncodedValue = { kind: "value"; text: string } | { kind: "list"; items: string[] };

export function encodeValue(value: unknown): EncodedValue {
  return isObjectList(value)
    ? { kind: "list", items: value.map(encode) }
    : { kind: "value", text: encode(value) };
}

/**
 * Keeps the value of a channel at a version. A version that is stored already is left alone, since it stands for one
 * value. A list of objects shares what it has in common with `previous`, the channel's list before it. Returns the list
 * as it is stored now; undefined where the value is no list, or was stored before.
 */
export function writeValue(
  sql: CheckpointSql,
  scope: Scope,
  change: { channel: string; version: string; value: EncodedValue },
  previous: () => StoredList | undefined,
): StoredList | undefined {
  const { channel, version, value } = change;
  if (value.kind === "value") {
    const chunks = splitText(value.text);
    // The first chunk of what is there stays by itself; later ones must not be added to it.
    if (chunks.length > 1 && isStored(sql, scope, channel, version)) return undefined;
    writeBody(sql, scope, channel, version, "value", chunks);
    return undefined;
  }
  if (isStored(sql, scope, channel, version)) return undefined;
  const { items } = value;
  const ranges = writeList(sql, scope, channel, previous(), items);
  writeBody(sql, scope, channel, version, "list", splitText(JSON.stringify(ranges)));
  return { ranges, items };
}

/** Lists of numbers or texts are better off in one row: an embedding would fill a thousand. */
function isObjectList(value: unknown): value is object[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  // A copy, since `every` passes over holes.
  return Array.from<unknown>(value).every(
    (item) => typeof item === "object" && item !== null && !Array.isArray(item),
  );
}

/** The channel's list at a version; undefined where it had none. */
export function findList(
  sql: CheckpointSql,
  scope: Scope,
  channel: string,
  version: string,
): StoredList | undefined {
  const [found] = readBodies(sql, scope, [[channel, version]]);
  if (found?.row.kind !== "list") return undefined;
  return readList(sql, scope, channel, JSON.parse(found.text) as Range[]);
}

function readBodies(
  sql: CheckpointSql,
  { threadId, checkpointNs }: Scope,
  versions: readonly [channel: string, version: string][],
) {
  // One bound text for any number of channels: a statement takes no more than a hundred parameters.
  const rows = sql
    .exec(
      `SELECT stored.channel, stored.chunk, stored.kind, stored.body
       FROM json_each(?) AS wanted
       CROSS JOIN checkpoint_values AS stored
         ON stored.channel = json_extract(wanted.value, '$[0]')
         AND stored.version = json_extract(wanted.value, '$[1]')
       WHERE stored.thread_id = ? AND stored.checkpoint_ns = ?
       ORDER BY wanted.key, stored.chunk`,
      JSON.stringify(versions),
      threadId,
      checkpointNs,
    )
    .toArray() as unknown as ValueRow[];
  return joinChunks(rows);
}

function isStored(
  sql: CheckpointSql,
  { threadId, checkpointNs }: Scope,
  channel: string,
  version: string,
): boolean {
  const found = sql
    .exec(
      `SELECT 1 FROM checkpoint_values
       WHERE thread_id = ? AND checkpoint_ns = ? AND channel = ? AND version = ? LIMIT 1`,
      threadId,
      checkpointNs,
      channel,
      version,
    )
    .toArray();
  return found.length > 0;
}

function writeBody(
  sql: CheckpointSql,
  { threadId, checkpointNs }: Scope,
  channel: string,
  version: string,
  kind: Kind,
  chunks: readonly string[],
): void {
  for (const [chunk, body] of chunks.entries()) {
    sql.exec(
      `INSERT INTO checkpoint_values
         (thread_id, checkpoint_ns, channel, version, chunk, kind, body)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      threadId,
      checkpointNs,
      channel,
      version,
      chunk,
      kind,
      body,
    );
  }
}
