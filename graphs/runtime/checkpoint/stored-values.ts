import { nameOf } from "./channel-values.ts";
import type { StoredValue } from "./channel-values.ts";
import { readBodies } from "./checkpoint-rows.ts";
import type { Body } from "./checkpoint-rows.ts";
import type { CheckpointKey, Scope } from "./config-keys.ts";
import type { CheckpointSql } from "./storage.ts";
import { partsOf, readTexts } from "./text-rows.ts";

/** The values that lie with one checkpoint; undefined where there is no such checkpoint. */
export function readOwnValues(sql: CheckpointSql, key: CheckpointKey): StoredValue[] | undefined {
  const [found] = readBodies(sql, key, "key = ?", [key.checkpointId]);
  return found && valuesIn(found.body);
}

/** The stored values of these channels at these versions, in this order; an empty channel has none. */
export function readStoredValues(
  sql: CheckpointSql,
  scope: Scope,
  versions: readonly [channel: string, version: string][],
): StoredValue[] {
  const names = versions.map(([channel, version]) => nameOf({ channel, version }));
  const stored = new Map(
    [...readBeside(sql, scope, names), ...readApart(sql, scope, names)].map((value) => [
      nameOf(value),
      value,
    ]),
  );
  return names.flatMap((name) => stored.get(name) ?? []);
}

// One bound text for any number of names: a statement takes no more than a hundred parameters.
const wanted = "(SELECT wanted.value FROM json_each(?) AS wanted)";

/** Of the small values, all that lie with a checkpoint that has one of these. */
function readBeside(sql: CheckpointSql, scope: Scope, names: readonly string[]): StoredValue[] {
  return readBodies(
    sql,
    scope,
    `EXISTS (SELECT 1 FROM json_each(note, '$[2]') AS name WHERE name.value IN ${wanted})`,
    [JSON.stringify(names)],
  ).flatMap(({ body }) => valuesIn(body));
}

function readApart(
  sql: CheckpointSql,
  { threadId, checkpointNs }: Scope,
  names: readonly string[],
): StoredValue[] {
  return readTexts(
    sql,
    `thread_id = ? AND kind = 'value' AND checkpoint_ns = ? AND key IN ${wanted}`,
    [threadId, checkpointNs, JSON.stringify(names)],
  ).map(({ row, text }) => {
    const [version, channel] = partsOf(row.key);
    return { version, channel, kind: row.note ?? "", text };
  });
}

function valuesIn({ values }: Body): StoredValue[] {
  return values.map(([version, channel, kind, content]) => ({
    version,
    channel,
    kind,
    text: JSON.stringify(content),
  }));
}
