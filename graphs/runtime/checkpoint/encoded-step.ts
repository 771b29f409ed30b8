import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver, Checkpoint, CheckpointMetadata } from "@langchain/langgraph";
import { encodeCheckpoint } from "./checkpoint-rows.ts";
import type { BareCheckpoint, EncodedCheckpoint } from "./checkpoint-rows.ts";
import { checkpointIdOf, requireScope } from "./config-keys.ts";
import type { CheckpointKey } from "./config-keys.ts";
import { encode } from "./encode.ts";
import { encodeValue } from "./channel-values.ts";
import type { EncodedValue } from "./channel-values.ts";
import type { EncodedWrites } from "./write-rows.ts";

export type Versions = Parameters<BaseCheckpointSaver["put"]>[3];
export type Writes = Parameters<BaseCheckpointSaver["putWrites"]>[1];

/** A checkpoint as text: what a node does to its state later is not in it. */
export interface EncodedStep {
  key: CheckpointKey;
  parentId: string | null;
  checkpoint: EncodedCheckpoint;
  versions: BareCheckpoint["channel_versions"];
  /** The channels that have changed since the parent and are not empty. */
  changes: ReadonlyMap<string, { version: string; value: EncodedValue }>;
}

export function encodeStep(
  config: RunnableConfig,
  checkpoint: Checkpoint,
  metadata: CheckpointMetadata,
  newVersions: Versions,
): EncodedStep {
  const { channel_values: values, ...bare } = checkpoint;
  const changes = Object.entries(newVersions)
    .filter(([channel]) => Object.hasOwn(values, channel))
    .map(
      ([channel, version]) =>
        [channel, { version: String(version), value: encodeValue(values[channel]) }] as const,
    );
  return {
    key: { ...requireScope(config), checkpointId: checkpoint.id },
    parentId: checkpointIdOf(config) ?? null,
    checkpoint: encodeCheckpoint(bare, metadata),
    versions: bare.channel_versions,
    changes: new Map(changes),
  };
}

export function encodeWrites(
  config: RunnableConfig,
  writes: Writes,
  taskId: string,
  taskPath: string,
): EncodedWrites {
  const checkpointId = checkpointIdOf(config);
  if (checkpointId === undefined) throw new Error("writes need a checkpoint_id in configurable");
  return {
    key: { ...requireScope(config), checkpointId },
    task: { taskId, taskPath },
    writes: writes.map(([channel, value]) => [channel, encode(value)] as const),
  };
}

/** `step` in place of the step before it and of itself: with everything that has changed since the parent of both. */
export function inPlaceOf(before: EncodedStep, step: EncodedStep): EncodedStep {
  const stillThere = [...before.changes].filter(
    ([channel, { version }]) => String(step.versions[channel]) === version,
  );
  return {
    ...step,
    parentId: before.parentId,
    changes: new Map([...stillThere, ...step.changes]),
  };
}
