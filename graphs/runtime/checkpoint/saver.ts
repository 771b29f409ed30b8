import type { RunnableConfig } from "@langchain/core/runnables";
import { BaseCheckpointSaver } from "@langchain/langgraph";
import type { Checkpoint, CheckpointMetadata, CheckpointTuple } from "@langchain/langgraph";
import { nextChannelVersion } from "./channel-versions.ts";
import { deleteRows, listCheckpoints, readCheckpoint, writeCheckpoint } from "./checkpoint-rows.ts";
import type { StoredCheckpoint } from "./checkpoint-rows.ts";
import { checkpointIdOf, configOf, requireScope, scopeOf, textOf } from "./config-keys.ts";
import type { Scope } from "./config-keys.ts";
import { keepsSendsInParent, withPendingSends } from "./pending-sends.ts";
import { checkpointSerializer } from "./serializer.ts";
import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";
import { readValues, writeValue } from "./value-rows.ts";
import { readPending, writePending } from "./write-rows.ts";

type ListOptions = NonNullable<Parameters<BaseCheckpointSaver["list"]>[1]>;
type Versions = Parameters<BaseCheckpointSaver["put"]>[3];
type Writes = Parameters<BaseCheckpointSaver["putWrites"]>[1];

/**
 * LangGraph's checkpoints in a synchronous SQLite, such as a Durable Object's, in the tables that
 * `ensureCheckpointTables` has made.
 *
 * Each method commits as one transaction before its promise resolves. A channel's value is stored once for each of its
 * versions, and lists of objects share their common beginning, so what a step costs does not grow with the thread.
 * Values are data: nothing is constructed on the way out that `encode` does not list.
 */
export class SqlCheckpointSaver extends BaseCheckpointSaver {
  readonly #storage: CheckpointStorage;

  constructor(storage: CheckpointStorage) {
    super(checkpointSerializer);
    this.#storage = storage;
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
    const scope = requireScope(config);
    const key = { ...scope, checkpointId: checkpoint.id };
    const parentId = checkpointIdOf(config) ?? null;
    const { channel_values: values, ...bare } = checkpoint;
    const { sql } = this.#storage;
    this.#storage.transactionSync(() => {
      const parent = parentId === null ? undefined : readCheckpoint(sql, scope, parentId);
      for (const [channel, version] of Object.entries(newVersions)) {
        if (!Object.hasOwn(values, channel)) continue;
        writeValue(sql, scope, {
          channel,
          version: String(version),
          previousVersion: versionIn(parent, channel),
          value: values[channel],
        });
      }
      writeCheckpoint(sql, { key, parentId, checkpoint: bare, metadata });
    });
    return configOf(key);
  }

  override async putWrites(
    config: RunnableConfig,
    writes: Writes,
    taskId: string,
    taskPath = "",
  ): Promise<void> {
    const checkpointId = checkpointIdOf(config);
    if (checkpointId === undefined) {
      throw new Error("writes need a checkpoint_id in configurable");
    }
    const key = { ...requireScope(config), checkpointId };
    this.#storage.transactionSync(() => {
      writePending(this.#storage.sql, key, { taskId, taskPath }, writes);
    });
  }

  override async deleteThread(threadId: string): Promise<void> {
    this.#storage.transactionSync(() => deleteRows(this.#storage.sql, threadId));
  }

  #read(scope: Scope, checkpointId: string | undefined): CheckpointTuple | undefined {
    const { sql } = this.#storage;
    const stored = readCheckpoint(sql, scope, checkpointId);
    if (stored === undefined) return undefined;
    const parent =
      stored.parentId === null ? undefined : { ...stored.key, checkpointId: stored.parentId };
    const versions = Object.entries(stored.checkpoint.channel_versions);
    const values = readValues(
      sql,
      stored.key,
      versions.map(([channel, version]) => [channel, String(version)]),
    );
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

function versionIn(parent: StoredCheckpoint | undefined, channel: string): string | undefined {
  const version = parent?.checkpoint.channel_versions[channel];
  return version === undefined ? undefined : String(version);
}
