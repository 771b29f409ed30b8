import type { RunnableConfig } from "@langchain/core/runnables";
import type {
  BaseCheckpointSaver,
  Checkpoint,
  CheckpointMetadata,
  CheckpointTuple,
} from "@langchain/langgraph";
import type { TextKind } from "../../../graphs/runtime/checkpoint/text-rows.ts";
import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";

export const loopMetadata: CheckpointMetadata = { source: "loop", step: 0, parents: {} };

export function threadConfig(threadId: string, checkpointNs = ""): RunnableConfig {
  return { configurable: { thread_id: threadId, checkpoint_ns: checkpointNs } };
}

/** A run's checkpoints one after another: each step changes some channels and goes on from the step before. */
export function startThread(saver: BaseCheckpointSaver, threadId: string) {
  let config = threadConfig(threadId);
  let step = 0;
  let values: Record<string, unknown> = {};
  let versions: Record<string, number> = {};

  return {
    async put(changes: Record<string, unknown>, metadata = loopMetadata): Promise<RunnableConfig> {
      const changed = Object.keys(changes).map((channel): [string, number] => [
        channel,
        saver.getNextVersion(versions[channel]),
      ]);
      values = { ...values, ...changes };
      versions = { ...versions, ...Object.fromEntries(changed) };
      config = await saver.put(
        config,
        checkpointOf(step, values, versions),
        metadata,
        Object.fromEntries(changed),
      );
      step += 1;
      return config;
    },
  };
}

export function checkpointOf(
  step: number,
  values: Record<string, unknown>,
  versions: Record<string, number>,
): Checkpoint {
  return {
    v: 4,
    id: `step-${String(step).padStart(6, "0")}`,
    ts: new Date(step).toISOString(),
    channel_values: values,
    channel_versions: versions,
    versions_seen: {},
  };
}

export async function collect(list: AsyncIterable<CheckpointTuple>): Promise<CheckpointTuple[]> {
  const tuples: CheckpointTuple[] = [];
  for await (const tuple of list) tuples.push(tuple);
  return tuples;
}

export async function valuesAt(
  saver: BaseCheckpointSaver,
  config: RunnableConfig,
): Promise<Record<string, unknown>> {
  const tuple = await saver.getTuple(config);
  if (tuple === undefined) throw new Error("there is no such checkpoint");
  return tuple.checkpoint.channel_values;
}

export interface Size {
  rows: number;
  bytes: number;
}

export function sizeOf({ sql }: CheckpointStorage, kind: TextKind, condition = "TRUE"): Size {
  const [row] = sql
    .exec(
      `SELECT count(*) AS rows, coalesce(sum(length(CAST(body AS BLOB))), 0) AS bytes
       FROM checkpoint_rows WHERE kind = ? AND ${condition}`,
      kind,
    )
    .toArray();
  return row as unknown as Size;
}
