import type { RunnableConfig } from "@langchain/core/runnables";
import { BaseCheckpointSaver } from "@langchain/langgraph";
import type { CheckpointTuple } from "@langchain/langgraph";
import { runInDurableObject } from "cloudflare:test";
import { SqlCheckpointSaver } from "../../../graphs/runtime/checkpoint/saver.ts";
import { ensureCheckpointTable } from "../../../graphs/runtime/checkpoint/table.ts";
import { collect } from "./checkpoints.ts";

/** Work on a saver over a Durable Object's own storage; each piece runs inside the object, as its I/O must. */
export type InObject = <T>(work: (saver: SqlCheckpointSaver) => Promise<T>) => Promise<T>;

export async function openObject<T extends Rpc.DurableObjectBranded | undefined>(
  stub: DurableObjectStub<T>,
): Promise<InObject> {
  await runInDurableObject(stub, (_instance, { storage }) => {
    ensureCheckpointTable(storage);
  });
  return (work) =>
    runInDurableObject(stub, (_instance, { storage }) => work(new SqlCheckpointSaver(storage)));
}

/** A saver outside of the object whose every call goes through one inside it, a new one for each call. */
export class ObjectSaver extends BaseCheckpointSaver {
  readonly #inObject: InObject;

  constructor(inObject: InObject) {
    super();
    this.#inObject = inObject;
  }

  override getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    return this.#inObject((saver) => saver.getTuple(config));
  }

  override async *list(
    ...[config, options]: Parameters<BaseCheckpointSaver["list"]>
  ): AsyncGenerator<CheckpointTuple> {
    yield* await this.#inObject((saver) => collect(saver.list(config, options)));
  }

  override put(...call: Parameters<BaseCheckpointSaver["put"]>): Promise<RunnableConfig> {
    return this.#inObject((saver) => saver.put(...call));
  }

  override putWrites(...call: Parameters<BaseCheckpointSaver["putWrites"]>): Promise<void> {
    return this.#inObject((saver) => saver.putWrites(...call));
  }

  override deleteThread(threadId: string): Promise<void> {
    return this.#inObject((saver) => saver.deleteThread(threadId));
  }

  override getDeltaChannelHistory(
    options: Parameters<BaseCheckpointSaver["getDeltaChannelHistory"]>[0],
  ): ReturnType<BaseCheckpointSaver["getDeltaChannelHistory"]> {
    return this.#inObject((saver) => saver.getDeltaChannelHistory(options));
  }
}
