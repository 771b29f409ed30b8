import type { JsonValue } from "../ports/json.ts";
import type { Answer } from "./api.ts";
import { callApi } from "./api.ts";
import type { Run } from "./wire.ts";

/** Answers one question of a run. The same answer again changes nothing, so a lost reply may be asked for once more. */
export function answerRun(
  runId: string,
  answer: { interruptId: string; value: JsonValue },
): Promise<Answer<Run>> {
  return callApi<Run>(`/api/v1/ai/runs/${encodeURIComponent(runId)}/resume`, {
    method: "POST",
    body: answer,
  });
}

/** Starts the next attempt of a run that failed or was stopped. */
export function retryRun(runId: string): Promise<Answer<Run>> {
  return callApi<Run>(`/api/v1/ai/runs/${encodeURIComponent(runId)}/retry`, { method: "POST" });
}
