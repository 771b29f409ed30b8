import type { Scope } from "./config-keys.ts";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { readList } from "./list-rows.ts";
import type { Range } from "./shared-list.ts";
import type { CheckpointSql } from "./storage.ts";
import { pairKey } from "./text-rows.ts";

/** A channel's value as text: its items apart where it is a list of objects. */
export type EncodedValue = { kind: "value"; text: string } | { kind: "list"; items: string[] };

export function encodeValue(value: unknown): EncodedValue {
  return isObjectList(value)
    ? { kind: "list", items: value.map(encode) }
    : { kind: "value", text: encode(value) };
}

/** Lists of numbers or texts are better off as one text: an embedding would fill a thousand rows. */
function isObjectList(value: unknown): value is object[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  // A copy, since `every` passes over holes.
  return Array.from<unknown>(value).every(
    (item) => typeof item === "object" && item !== null && !Array.isArray(item),
  );
}

/** A channel's value at a version as it lies with a checkpoint: the value itself, or its ranges of items. */
export interface StoredValue {
  channel: string;
  version: string;
  /** `value` or `list`; newer code may have stored it in another form. */
  kind: string;
  text: string;
}

/** A channel's value at a version has one name, and that name one value. */
export function nameOf({ version, channel }: Pick<StoredValue, "version" | "channel">): string {
  return pairKey(version, channel);
}

/** Throws for a form that newer code has stored it in. */
export function decodeValue(
  sql: CheckpointSql,
  scope: Scope,
  { channel, kind, text }: StoredValue,
): unknown {
  switch (kind) {
    case "value":
      return decode(text);
    case "list": {
      const { items } = readList(sql, scope, channel, JSON.parse(text) as Range[]);
      return decode(`[${items.join(",")}]`);
    }
    default:
      throw new Error(`a channel's value is stored in the unknown form ${kind}`);
  }
}
