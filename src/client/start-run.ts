import type { Answer } from "./api.ts";
import { callApi } from "./api.ts";
import type { StartedRun } from "./wire.ts";

const attemptsMax = 3;
const pauseMs = 800;

/**
 * Starts one run. A lost answer is asked for again under the same key, so that a bad connection can neither lose the
 * message nor send it twice.
 */
export async function startRun(wish: {
  message: string;
  graphId: string;
  model: string;
  threadId: string | null;
}): Promise<Answer<StartedRun>> {
  const { threadId, ...rest } = wish;
  const body = threadId === null ? rest : { ...rest, threadId };
  const headers = { "idempotency-key": crypto.randomUUID() };
  for (let attempt = 1; ; attempt += 1) {
    const answer = await callApi<StartedRun>("/api/v1/ai/runs", { method: "POST", body, headers });
    if (answer.ok || answer.problem.status !== 0 || attempt === attemptsMax) return answer;
    await new Promise((resolve) => setTimeout(resolve, pauseMs * attempt));
  }
}
