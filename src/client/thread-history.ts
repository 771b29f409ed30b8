import { isActive } from "./is-active.ts";
import type { Transcript } from "./transcript.ts";
import { emptyTranscript } from "./transcript.ts";
import type { Run, ThreadMessage } from "./wire.ts";

export type HistoryItem =
  | { kind: "user"; runId: string | null; content: string }
  /** A reply that is over. `run` is missing when it lies beyond the runs that were loaded. */
  | { kind: "reply"; runId: string; run: Run | null; transcript: Transcript }
  /** A run that still goes on, or waits. */
  | { kind: "active"; runId: string; run: Run };

/**
 * Puts a thread's messages and its runs together: each run shows as its reply, as the live run it still is, or as what
 * stopped it, at the place of the question that started it.
 */
export function threadHistory(
  messages: readonly ThreadMessage[],
  runs: readonly Run[],
): HistoryItem[] {
  const runById = new Map(runs.map((run) => [run.runId, run]));
  const items: HistoryItem[] = [];
  messages.forEach(({ role, content, messageId, runId }, index) => {
    const run = runId === null ? null : (runById.get(runId) ?? null);
    if (role === "assistant") {
      const transcript = endedTranscript(run, { messageId, content });
      items.push({ kind: "reply", runId: runId ?? "", run, transcript });
      return;
    }
    items.push({ kind: "user", runId, content });
    const isLastOfRun = messages[index + 1]?.runId !== runId;
    if (run === null || !isLastOfRun) return;
    if (isActive(run)) items.push({ kind: "active", runId: run.runId, run });
    else
      items.push({ kind: "reply", runId: run.runId, run, transcript: endedTranscript(run, null) });
  });
  return items;
}

/** What the events of a finished run would have led to, as far as its record tells. */
export function endedTranscript(
  run: Run | null,
  message: { messageId: string; content: string } | null,
): Transcript {
  const output =
    run === null || run.output === null ? null : { messageId: "", content: run.output };
  return {
    ...emptyTranscript,
    attempt: run?.attempt ?? 0,
    phase: "ended",
    final: message ?? output,
    done: run?.status === "error" || run?.status === "cancelled" ? run.status : "success",
    cost: run === null ? null : { ...run.usage, chargedCredits: run.chargedCredits },
    error:
      run === null || run.errorCode === null
        ? null
        : { code: run.errorCode, message: run.errorMessage ?? "The run failed." },
  };
}
