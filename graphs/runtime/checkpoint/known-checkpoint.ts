import type { BareCheckpoint } from "./checkpoint-rows.ts";
import type { CheckpointKey } from "./config-keys.ts";
import type { StoredList } from "./shared-list.ts";

/**
 * What is known of a stored checkpoint without reading it: of the one that was put last, for the one that follows it.
 * Nothing in it changes once it is stored.
 */
export interface KnownCheckpoint {
  key: CheckpointKey;
  versions: BareCheckpoint["channel_versions"];
  /** The latest list of channels that were put, with its version; others have to be looked for. */
  lists: ReadonlyMap<string, { version: string; list: StoredList }>;
}

export function isKnownAs(known: KnownCheckpoint | undefined, key: CheckpointKey): boolean {
  return (
    known?.key.checkpointId === key.checkpointId &&
    known.key.checkpointNs === key.checkpointNs &&
    known.key.threadId === key.threadId
  );
}
