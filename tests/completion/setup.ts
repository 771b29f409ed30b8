import type { CompletionUnitDeps } from "../../src/completion/execute-completion-unit.ts";
import { executeCompletionUnit } from "../../src/completion/execute-completion-unit.ts";
import { createModelCatalog } from "../../src/completion/models.ts";
import { createDemoGateway } from "../../src/completion/demo.ts";
import type { AiEvent } from "../../src/ports/ai-event.ts";
import type {
  CompletionFinalResult,
  CompletionGateway,
  CompletionRequest,
  GatewayEvent,
} from "../../src/ports/completion.ts";
import type { RunContext } from "../../src/ports/run-context.ts";
import { FakeJournal } from "./fake-journal.ts";
import { RecordingLog } from "../logs.ts";

export const context: RunContext = {
  runId: "run_test",
  attempt: 0,
  requestId: "req_test",
  graphId: "langgraph:poet",
  billingAccountId: "acct_test",
  virtualKeyId: "key_test",
  trigger: "chat",
};

/** Prices of the fake gateway. */
export const modelCatalog = JSON.stringify([
  { id: "paid", provider: "fake", inputUsdPerMTok: "0.15", outputUsdPerMTok: "0.60" },
  { id: "free", provider: "fake", free: true },
  { id: "drain", inputUsdPerMTok: "0.15", outputUsdPerMTok: "0.60", onStop: "drain" },
]);

export function ask(content: string, more: Partial<CompletionRequest> = {}): CompletionRequest {
  return {
    model: "paid",
    messages: [{ role: "user", content }],
    tools: [],
    nodeKey: "poet",
    checkpointNs: "poet:1",
    ...more,
  };
}

export interface Bench {
  deps: CompletionUnitDeps;
  journal: FakeJournal;
  log: RecordingLog;
  stop: AbortController;
  run(request: CompletionRequest): Promise<Drained>;
}

export interface Drained {
  events: AiEvent[];
  text: string;
  final: CompletionFinalResult;
}

/** A completion unit's surroundings around one gateway. */
export function bench(
  configured: CompletionGateway | null,
  more: Partial<CompletionUnitDeps> = {},
): Bench {
  const journal = new FakeJournal();
  const log = new RecordingLog();
  const stop = new AbortController();
  const deps: CompletionUnitDeps = {
    context,
    executorType: "inproc",
    models: createModelCatalog(modelCatalog, true),
    gateways: { demo: createDemoGateway({ paceMs: 0 }), configured },
    journal,
    markupBasisPoints: 10_000,
    clock: { now: () => Date.UTC(2026, 10, 21) },
    log,
    signal: stop.signal,
    ...more,
  };
  const run = async (request: CompletionRequest) => {
    const { stream, final } = executeCompletionUnit(deps, request);
    const events: AiEvent[] = [];
    for await (const event of stream) events.push(event);
    return { events, text: textIn(events), final: await final };
  };
  return { deps, journal, log, stop, run };
}

export function textIn(events: readonly (AiEvent | GatewayEvent)[]): string {
  return events
    .map((event) => (event.type === "text_delta" || event.type === "text" ? event.delta : ""))
    .join("");
}

/** A gateway that says what it is told to; it notes whether it was aborted and whether it was closed. */
export class ScriptedGateway implements CompletionGateway {
  readonly source = "litellm";
  requests = 0;
  aborted = false;
  closed = false;
  readonly #events: readonly (GatewayEvent | "hang")[];

  constructor(events: readonly (GatewayEvent | "hang")[]) {
    this.#events = events;
  }

  async *executeStream({ signal }: { signal: AbortSignal }): AsyncGenerator<GatewayEvent, void> {
    this.requests += 1;
    try {
      for (const event of this.#events) {
        if (event !== "hang") {
          yield event;
          continue;
        }
        await new Promise<void>((resolve) => {
          if (signal.aborted) resolve();
          else signal.addEventListener("abort", () => resolve(), { once: true });
        });
        this.aborted = true;
        const error = { code: "aborted" as const, message: "stopped" };
        yield { type: "end", ok: false, error, sent: true, answered: true, answer: null };
        return;
      }
    } finally {
      this.closed = true;
    }
  }
}
