import type { Log } from "../base/log.ts";
import type { AiError, AiEvent } from "../ports/ai-event.ts";
import type { GraphExecutorPort, GraphRunRequest } from "../ports/graph-executor.ts";
import type { RunContext } from "../ports/run-context.ts";
import { createRun, refusal } from "./run-result.ts";

/** null: go on. */
export type CreditCheck = (context: RunContext) => Promise<AiError | null>;

export interface PreflightDeps {
  checkCredit: CreditCheck;
  log: Log;
}

/** Asks for credit before the inner executor is called at all, so that a refused run writes nothing upstream. */
export function withPreflight(inner: GraphExecutorPort, deps: PreflightDeps): GraphExecutorPort {
  async function* check(request: GraphRunRequest): AsyncGenerator<AiEvent> {
    const refused = await deps.checkCredit(request.context);
    yield* refused === null ? inner.runGraph(request).stream : refusal(refused);
  }
  return { runGraph: (request) => createRun(request, check, deps.log) };
}
