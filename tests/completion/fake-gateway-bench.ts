import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import type { OpenAiCompatibleOptions } from "../../src/completion/openai-compatible.ts";
import { createOpenAiCompatibleGateway } from "../../src/completion/openai-compatible.ts";
import type { UsageFact } from "../../src/ports/usage-fact.ts";
import type { FakeGateway, GatewayLogEntry } from "../fake-gateway/server.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import type { Bench } from "./setup.ts";
import { bench, context } from "./setup.ts";

/** The completion unit in front of the fake gateway over HTTP, whose own log is the oracle. Each test has a run of its own. */
export function useFakeGateway() {
  let fake: FakeGateway;
  let runs = 0;
  let runId = "";

  beforeAll(async () => {
    fake = await startFakeGateway();
  });
  afterAll(() => fake.close());
  beforeEach(() => {
    runs += 1;
    runId = `run_${runs}_`;
  });

  function unitAt(options: Partial<OpenAiCompatibleOptions> = {}): Bench {
    const gateway = createOpenAiCompatibleGateway({
      dialect: "litellm",
      baseUrl: `${fake.url}/v1`,
      apiKey: "sk-our-own-secret",
      clock: { now: () => Date.UTC(2026, 10, 21) },
      // The bench's log is made with the bench; tests read both through it.
      log: { log: (...line) => made.log.log(...line) },
      ...options,
    });
    const made = bench(gateway, { context: { ...context, runId } });
    return made;
  }

  /** The calls of this test as the gateway saw them. */
  const seen = (): GatewayLogEntry[] => fake.calls(`${runId}/`);

  /** Waits until the gateway has noticed that its connections are closed. */
  async function seenClosed(): Promise<GatewayLogEntry[]> {
    while (seen().some(({ open }) => open)) await sleep(1);
    return seen();
  }

  /** The oracle: every 2xx answer of the gateway has exactly one fact, and final facts say what the gateway says. */
  function expectBooksToMatch({ journal }: Bench): void {
    const answered = seen().filter(({ status }) => status === 200);
    const facts = journal.facts();
    expect(facts).toHaveLength(answered.length);
    expect(new Set(facts.map((fact) => fact.usageUnitId)).size).toBe(facts.length);
    expect(journal.openCalls()).toEqual([]);
  }

  function factsOfOne(bench: Bench): UsageFact {
    expectBooksToMatch(bench);
    const [fact] = bench.journal.facts();
    return fact!;
  }

  return { unitAt, seen, seenClosed, expectBooksToMatch, factsOfOne, runIdOfTest: () => runId };
}
