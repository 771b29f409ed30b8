import type { CheckpointStorage } from "../../../src/ports/graph-runner.ts";
import { addTextOnce, readTexts } from "./text-rows.ts";

/** LangGraph's step before a thread's first checkpoint. */
export const stepBeforeAll = -2;

/**
 * The step that an attempt at a thread began after. The first call for an attempt fixes it as `lastStep`; later ones, of
 * the same attempt after a death or an interrupt, get what was fixed. The attempt 0 begins before all steps and is not
 * written down.
 */
export function beginAttempt(
  storage: CheckpointStorage,
  threadId: string,
  attempt: number,
  lastStep: number,
): number {
  if (attempt === 0) return stepBeforeAll;
  const { sql } = storage;
  // Every write is in a transaction of the storage, whose owner may refuse it to a driver that was taken over.
  storage.transactionSync(() => {
    const at = { threadId, kind: "attempt", checkpointNs: "", key: "", place: attempt } as const;
    addTextOnce(sql, at, { note: null, text: String(lastStep) });
  });
  const [fixed] = readTexts(sql, "thread_id = ? AND kind = 'attempt' AND place = ?", [
    threadId,
    attempt,
  ]);
  return Number(fixed?.text);
}
