import type { RunnableConfig } from "@langchain/core/runnables";
import { BaseCheckpointSaver } from "@langchain/langgraph";
import type { Checkpoint, CheckpointMetadata, CheckpointTuple } from "@langchain/langgraph";
import { nextChannelVersion } from "./channel-versions.ts";
import { decodeValue } from "./channel-values.ts";
import type { StoredValue } from "./channel-values.ts";
import { deleteRows, readCheckpoint, writeCheckpoint } from "./checkpoint-rows.ts";
import { checkpointIdOf, configOf, scopeOf, textOf } from "./config-keys.ts";
import type { CheckpointKey, Scope } from "./config-keys.ts";
import { encodeStep, encodeWrites } from "./encoded-step.ts";
import type { EncodedStep, Versions, Writes } from "./encoded-step.ts";
import { isKnownAs } from "./known-checkpoint.ts";
import type { KnownCheckpoint } from "./known-checkpoint.ts";
import { keepsSendsInParent, withPendingSends } from "./pending-sends.ts";
import { checkpointSerializer } from "./serializer.ts";
import { listCheckpoints } from "./list-checkpoints.ts";
import { readList, writeList } from "./list-rows.ts";
import type { Range, StoredList } from "./shared-list.ts";
import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";
import type { CheckpointSql } from "./storage.ts";
import { readOwnValues, readStoredValues } from "./stored-values.ts";
import { readPending, writePending } from "./write-rows.ts";
import type { EncodedWrites } from "./write-rows.ts";

type ListOptions = NonNullable<Parameters<BaseCheckpointSaver["list"]>[1]>;

/**
 * LangGraph's checkpoints in a synchronous SQLite, such as a Durable Object's, in the table that
 * `ensureCheckpointTable` has made.
 *
 * Each method commits as one transaction before its promise resolves. A channel's value is stored once for each of its
 * versions, and lists of objects share their common beginning, so what a step costs does not grow with the thread.
 * Values are data: nothing is constructed on the way out that `encode` does not list.
 */
export class SqlCheckpointSaver extends BaseCheckpointSaver {
  readonly #storage: CheckpointStorage;
  /** Nothing is stored yet, so there is nothing to look for. */
  #isEmpty: boolean;
  #last: KnownCheckpoint | undefined;

  /** `isEmpty`: the table was made just now, by whoever makes this. */
  constructor(storage: CheckpointStorage, isEmpty = false) {
    super(checkpointSerializer);
    this.#storage = storage;
    this.#isEmpty = isEmpty;
  }

  override getNextVersion(current: number | undefined): number {
    return nextChannelVersion(current);
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const scope = scopeOf(config);
    return scope === undefined ? undefined : this.#read(scope, checkpointIdOf(config));
  }

  /** Checkpoints latest first; of all threads where the config names none. One that is deleted meanwhile is left out. */
  override async *list(
    config: RunnableConfig,
    options: ListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    const keys = listCheckpoints(this.#storage.sql, {
      threadId: textOf(config, "thread_id"),
      checkpointNs: textOf(config, "checkpoint_ns"),
      checkpointId: checkpointIdOf(config),
      beforeId: options.before === undefined ? undefined : checkpointIdOf(options.before),
      filter: options.filter,
      limit: options.limit,
    });
    for (const key of keys) {
      const tuple = this.#read(key, key.checkpointId);
      if (tuple !== undefined) yield tuple;
    }
  }

  /** Stores the checkpoint and the values of the channels in `newVersions`; the others are stored already. */
  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: Versions,
  ): Promise<RunnableConfig> {
    const step = encodeStep(config, checkpoint, metadata, newVersions);
    this.keep([step], []);
    return configOf(step.key);
  }

  override async putWrites(
    config: RunnableConfig,
    writes: Writes,
    taskId: string,
    taskPath = "",
  ): Promise<void> {
    this.keep([], [encodeWrites(config, writes, taskId, taskPath)]);
  }

  /** Stores steps, each after its parent, and what tasks have written, as one transaction. */
  keep(steps: readonly EncodedStep[], writes: readonly EncodedWrites[]): void {
    const isFirst = this.#isEmpty;
    this.#isEmpty = false;
    this.#last = this.#storage.transactionSync(() => {
      const kept = steps.map((step, index) => this.#write(step, isFirst && index === 0));
      for (const each of writes) writePending(this.#storage.sql, each);
      return kept.at(-1) ?? this.#last;
    });
  }

  override async deleteThread(threadId: string): Promise<void> {
    this.#last = undefined;
    this.#storage.transactionSync(() => deleteRows(this.#storage.sql, threadId));
  }

  /** `isFirst`: nothing is stored yet. */
  #write(
    { key, parentId, checkpoint, versions, changes }: EncodedStep,
    isFirst: boolean,
  ): KnownCheckpoint {
    const { sql } = this.#storage;
    const parent = parentId === null ? undefined : this.#know({ ...key, checkpointId: parentId });
    const replaced = isFirst ? undefined : readOwnValues(sql, key);
    const lists = new Map(parent?.lists);
    // A checkpoint that is put again keeps the values that are stored with it: later checkpoints may refer to them.
    const values: StoredValue[] = [...(replaced ?? [])];
    for (const [channel, { version, value }] of changes) {
      // A version stands for one value.
      if (values.some((each) => each.channel === channel && each.version === version)) continue;
      if (value.kind === "value") {
        values.push({ channel, version, ...value });
        continue;
      }
      const { items } = value;
      const previous = listIn(sql, parent, channel);
      const ranges = writeList(sql, key, channel, previous, { items, isFirst });
      lists.set(channel, { version, list: { ranges, items } });
      values.push({ channel, version, kind: "list", text: JSON.stringify(ranges) });
    }
    const isNew = replaced === undefined;
    writeCheckpoint(sql, key, parentId, checkpoint, { values, isNew });
    return { key, versions, lists };
  }

  #know(key: CheckpointKey): KnownCheckpoint | undefined {
    if (isKnownAs(this.#last, key)) return this.#last;
    const stored = readCheckpoint(this.#storage.sql, key, key.checkpointId);
    return stored && { key, versions: stored.checkpoint.channel_versions, lists: new Map() };
  }

  #read(scope: Scope, checkpointId: string | undefined): CheckpointTuple | undefined {
    if (this.#isEmpty) return undefined;
    const { sql } = this.#storage;
    const stored = readCheckpoint(sql, scope, checkpointId);
    if (stored === undefined) return undefined;
    const parent =
      stored.parentId === null ? undefined : { ...stored.key, checkpointId: stored.parentId };
    const versions = Object.entries(stored.checkpoint.channel_versions);
    const values = readStoredValues(
      sql,
      stored.key,
      versions.map(([channel, version]) => [channel, String(version)]),
    ).map((value) => [value.channel, decodeValue(sql, stored.key, value)] as const);
    const checkpoint = { ...stored.checkpoint, channel_values: Object.fromEntries(values) };
    return {
      config: configOf(stored.key),
      checkpoint:
        parent !== undefined && keepsSendsInParent(checkpoint)
          ? withPendingSends(checkpoint, readPending(sql, parent), this.getNextVersion(undefined))
          : checkpoint,
      metadata: stored.metadata,
      pendingWrites: readPending(sql, stored.key),
      ...(parent === undefined ? {} : { parentConfig: configOf(parent) }),
    };
  }
}

/** The channel's list in a checkpoint; undefined where it has none. */
function listIn(
  sql: CheckpointSql,
  checkpoint: KnownCheckpoint | undefined,
  channel: string,
): StoredList | undefined {
  const version = checkpoint?.versions[channel];
  if (checkpoint === undefined || version === undefined) return undefined;
  const known = checkpoint.lists.get(channel);
  if (known?.version === String(version)) return known.list;
  const [stored] = readStoredValues(sql, checkpoint.key, [[channel, String(version)]]);
  if (stored?.kind !== "list") return undefined;
  return readList(sql, checkpoint.key, channel, JSON.parse(stored.text) as Range[]);
}
