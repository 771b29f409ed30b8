import type { Answer, Problem } from "./api.ts";
import { callApi } from "./api.ts";
import type { StartedRun } from "./wire.ts";

export interface RunWish {
  message: string;
  graphId: string;
  model: string;
  /** null: a new thread. */
  threadId: string | null;
}

export interface StarterDeps {
  call: typeof callApi;
  pause(ms: number): Promise<void>;
}

const attemptsMax = 3;
const pauseMs = 800;

const browserDeps: StarterDeps = {
  call: callApi,
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * Starts runs. A wish keeps its key until the server has answered it, within one call and from one call to the next, so
 * that a bad connection can neither lose the message nor send it twice.
 */
export function createRunStarter({ call, pause }: StarterDeps = browserDeps) {
  const keys = new Map<string, string>();

  return async ({ threadId, ...rest }: RunWish): Promise<Answer<StartedRun>> => {
    const body = threadId === null ? rest : { ...rest, threadId };
    const asked = JSON.stringify(body);
    const key = keys.get(asked) ?? crypto.randomUUID();
    keys.set(asked, key);
    const headers = { "idempotency-key": key };
    for (let attempt = 1; ; attempt += 1) {
      const answer = await call<StartedRun>("/api/v1/ai/runs", { method: "POST", body, headers });
      if (answer.ok || isRefusal(answer.problem)) keys.delete(asked);
      if (answer.ok || answer.problem.status !== 0 || attempt === attemptsMax) return answer;
      await pause(pauseMs * attempt);
    }
  };
}

/** The server has said no. After anything else, what was asked for may have been done all the same. */
export function isRefusal({ status }: Problem): boolean {
  return status >= 400 && status < 500;
}
