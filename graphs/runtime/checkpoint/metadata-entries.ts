import { decode } from "./decode.ts";
import { encode } from "./encode.ts";

/** Metadata, or a filter of it, as a list of key and value: keys are values too, in the table and in a query. */
export function encodeEntries(metadata: object): string {
  return encode(Object.entries(metadata).filter(([, value]) => value !== undefined));
}

export function decodeEntries(text: string): Record<string, unknown> {
  return Object.fromEntries(decode(text) as [string, unknown][]);
}

/**
 * Holds for rows of checkpoints whose metadata has every entry of the bound filter. Keys are compared as values, never
 * read as a path or as SQL.
 */
export const hasEntries = `NOT EXISTS (
  SELECT 1 FROM json_each(?) AS wanted
  WHERE NOT EXISTS (
    SELECT 1 FROM json_each(json_extract(checkpoint_rows.note, '$[1]')) AS entry
    WHERE json_extract(entry.value, '$[0]') = json_extract(wanted.value, '$[0]')
      AND json_type(entry.value, '$[1]') = json_type(wanted.value, '$[1]')
      AND json_extract(entry.value, '$[1]') IS json_extract(wanted.value, '$[1]')
  )
)`;
