import type { Checkpoint } from "@langchain/langgraph";
import type { PendingWrite } from "./write-rows.ts";

const sendsChannel = "__pregel_tasks";
/** From this version of LangGraph's checkpoint format on, sends are kept in a channel. */
const sendsInChannelSince = 4;

export function keepsSendsInParent(checkpoint: Pick<Checkpoint, "v">): boolean {
  return checkpoint.v < sendsInChannelSince;
}

/** An older checkpoint in today's form: what its parent's tasks sent becomes the value of a channel. */
export function withPendingSends(
  checkpoint: Checkpoint,
  parentWrites: readonly PendingWrite[],
  firstVersion: number,
): Checkpoint {
  const sends = parentWrites.flatMap(([, channel, value]) =>
    channel === sendsChannel ? [value] : [],
  );
  const latest = Object.values(checkpoint.channel_versions).reduce<string | number | undefined>(
    (max, version) => (max === undefined || version > max ? version : max),
    undefined,
  );
  return {
    ...checkpoint,
    channel_values: { ...checkpoint.channel_values, [sendsChannel]: sends },
    channel_versions: { ...checkpoint.channel_versions, [sendsChannel]: latest ?? firstVersion },
  };
}
