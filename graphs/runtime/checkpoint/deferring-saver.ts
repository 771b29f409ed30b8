import type { RunnableConfig } from "@langchain/core/runnables";
import { BaseCheckpointSaver } from "@langchain/langgraph";
import type { Checkpoint, CheckpointMetadata, CheckpointTuple } from "@langchain/langgraph";
import { configOf } from "./config-keys.ts";
import type { Scope } from "./config-keys.ts";
import { encodeStep, encodeWrites, inPlaceOf } from "./encoded-step.ts";
import type { EncodedStep, Versions, Writes } from "./encoded-step.ts";
import type { SqlCheckpointSaver } from "./saver.ts";
import type { EncodedWrites } from "./write-rows.ts";

/**
 * Stores a checkpoint when something depends on it, and not sooner. A death before a model was asked or a tool run costs
 * nothing: the same steps are gone again. So whoever is about to do either calls `keep` first, and until then a step takes
 * the place of the one before it; from then on what tasks have written is stored at once, since it is what they cost. The
 * last step of a graph that has ended needs no storing: nobody goes on from there.
 */
export class DeferringSaver extends BaseCheckpointSaver {
  readonly #saver: SqlCheckpointSaver;
  /** Not stored yet, in their order; what was written at one of them goes where it goes. */
  #steps: EncodedStep[] = [];
  #writes: EncodedWrites[] = [];
  #hasEffects = false;

  constructor(saver: SqlCheckpointSaver) {
    super(saver.serde);
    this.#saver = saver;
  }

  /** Stores what waits: what comes next must find it after a death. */
  keep(): void {
    this.#hasEffects = true;
    this.#flush();
  }

  override getNextVersion(current: number | undefined): number {
    return this.#saver.getNextVersion(current);
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    this.#flush();
    return this.#saver.getTuple(config);
  }

  override list(
    config: RunnableConfig,
    options?: Parameters<BaseCheckpointSaver["list"]>[1],
  ): AsyncGenerator<CheckpointTuple> {
    this.#flush();
    return this.#saver.list(config, options);
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: Versions,
  ): Promise<RunnableConfig> {
    const step = encodeStep(config, checkpoint, metadata, newVersions);
    const before = this.#steps.findLast(({ key }) => isSamePlace(key, step.key));
    if (before === undefined) this.#steps.push(step);
    else this.#follow(before, step);
    return configOf(step.key);
  }

  override async putWrites(
    config: RunnableConfig,
    writes: Writes,
    taskId: string,
    taskPath = "",
  ): Promise<void> {
    this.#writes.push(encodeWrites(config, writes, taskId, taskPath));
    if (this.#hasEffects) this.#flush();
  }

  override async deleteThread(threadId: string): Promise<void> {
    this.#flush();
    await this.#saver.deleteThread(threadId);
  }

  #follow(before: EncodedStep, step: EncodedStep): void {
    const isAtBefore = ({ key }: EncodedWrites) =>
      isSamePlace(key, before.key) && key.checkpointId === before.key.checkpointId;
    const isTakenUp = this.#writes
      .filter(isAtBefore)
      .every(({ writes }) => writes.every(([channel]) => isIn(step, channel)));
    if (isTakenUp) {
      this.#steps = this.#steps.map((each) => (each === before ? inPlaceOf(before, step) : each));
      this.#writes = this.#writes.filter((each) => !isAtBefore(each));
    } else this.#steps.push(step);
  }

  #flush(): void {
    if (this.#steps.length === 0 && this.#writes.length === 0) return;
    this.#saver.keep(this.#steps, this.#writes);
    this.#steps = [];
    this.#writes = [];
  }
}

function isSamePlace(left: Scope, right: Scope): boolean {
  return left.threadId === right.threadId && left.checkpointNs === right.checkpointNs;
}

/**
 * Whether what was written to a channel at the step before is in the value that this step has of it. A channel that is
 * kept as its changes has no value: it is made of what was written at the steps before, which must all be there.
 */
function isIn(step: EncodedStep, channel: string): boolean {
  return step.changes.has(channel) || channel.startsWith("__");
}
