import { callApi } from "./api.ts";
import type { Run, Thread } from "./wire.ts";

export interface RunThread {
  /** Whether there is a chat to open. */
  isThere: boolean;
  /** What the run was asked; null where that cannot be read. */
  asked: string | null;
}

/** The chat that a run belongs to. It may have been deleted since the run was read. */
export async function loadRunThread({ runId, threadId }: Run): Promise<RunThread> {
  if (threadId === null) return { isThere: false, asked: null };
  const answer = await callApi<Thread>(`/api/v1/ai/threads/${encodeURIComponent(threadId)}`);
  if (!answer.ok) return { isThere: answer.problem.status !== 404, asked: null };
  const own = answer.value.messages.filter(
    (message) => message.role === "user" && message.runId === runId,
  );
  return { isThere: true, asked: own.at(-1)?.content ?? null };
}
