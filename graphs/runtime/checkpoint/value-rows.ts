import type { Scope } from "./config-keys.ts";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { readList, writeList } from "./list-rows.ts";
import type { Range, StoredList } from "./shared-list.ts";
import type { CheckpointSql } from "./storage.ts";
import { addText, hasText, pairKey, partsOf, readTexts } from "./text-rows.ts";

/** The stored values of these channels at these versions; a channel that was empty at its version has none. */
export function readValues(
  sql: CheckpointSql,
  scope: Scope,
  versions: readonly [channel: string, version: string][],
): [channel: string, value: unknown][] {
  return readStored(sql, scope, versions).map(({ row, text }) => {
    const [, channel] = partsOf(row.key);
    switch (row.note) {
      case "value":
        return [channel, decode(text)];
      case "list": {
        const { items } = readList(sql, scope, channel, JSON.parse(text) as Range[]);
        return [channel, decode(`[${items.join(",")}]`)];
      }
      default:
        throw new Error(`a channel's value is stored in the unknown form ${row.note}`);
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
 * as it is stored now; undefined where the value is no list, or was stored before. `isFirst`: nothing is kept of the
 * channel yet.
 */
export function writeValue(
  sql: CheckpointSql,
  scope: Scope,
  change: { channel: string; version: string; value: EncodedValue },
  { previous, isFirst }: { previous: () => StoredList | undefined; isFirst: boolean },
): StoredList | undefined {
  const { channel, version, value } = change;
  const at = { ...scope, kind: "value", key: pairKey(version, channel), place: 0 } as const;
  if (value.kind === "value") {
    addText(sql, at, { note: "value", text: value.text });
    return undefined;
  }
  if (!isFirst && hasText(sql, at)) return undefined;
  const { items } = value;
  const ranges = writeList(sql, scope, channel, previous(), { items, isFirst });
  addText(sql, at, { note: "list", text: JSON.stringify(ranges) });
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
  const [found] = readStored(sql, scope, [[channel, version]]);
  if (found?.row.note !== "list") return undefined;
  return readList(sql, scope, channel, JSON.parse(found.text) as Range[]);
}

function readStored(
  sql: CheckpointSql,
  { threadId, checkpointNs }: Scope,
  versions: readonly [channel: string, version: string][],
) {
  const keys = versions.map(([channel, version]) => pairKey(version, channel));
  // One bound text for any number of channels: a statement takes no more than a hundred parameters.
  return readTexts(
    sql,
    `thread_id = ? AND kind = 'value' AND checkpoint_ns = ?
       AND key IN (SELECT value FROM json_each(?))`,
    [threadId, checkpointNs, JSON.stringify(keys)],
  );
}
