import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chargeCredits } from "../../src/base/money.ts";
import { commitUsageFacts } from "../../src/billing/billing.ts";
import { reconcileRun, type ReconcileOutcome } from "../../src/billing/reconcile.ts";
import { executeCompletionUnit } from "../../src/completion/execute-completion-unit.ts";
import { createLitellmSpendLog } from "../../src/completion/litellm-spend-log.ts";
import { tokenCostUsd } from "../../src/completion/models.ts";
import { createOpenAiCompatibleGateway } from "../../src/completion/openai-compatible.ts";
import { unknownFact } from "../../src/completion/unknown-fact.ts";
import { Books, expectBalanced, markup } from "../billing/reconcile-fixture.ts";
import type { FakeGateway } from "../fake-gateway/server.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { ask, bench } from "./setup.ts";
import { RecordingLog } from "../logs.ts";

let fake: FakeGateway;
beforeAll(async () => {
  fake = await startFakeGateway();
});
afterAll(() => fake.close());

const log = new RecordingLog();
/** Long enough for a busy machine to answer in. */
const limits = { headersMsMax: 1_000, idleMsMax: 500, totalMsMax: 5_000 };
const hour = 3_600_000;

/** A run of one call against the fake gateway, ended in some way and reported to a ledger. */
async function endedRun(message: string, end: "by itself" | "stopped" | "host died") {
  const books = await Books.open(1_000_000);
  const { context } = books.start;
  const baseUrl = `${fake.url}/v1`;
  const gateway = createOpenAiCompatibleGateway({
    ...{ dialect: "litellm", baseUrl, apiKey: "sk-test", limits, log },
    clock: { now: () => Date.now() },
  });
  const unit = bench(gateway, { context, log });
  const { stream } = executeCompletionUnit(unit.deps, ask(message));
  for await (const event of stream) {
    if (event.type === "text_delta" && end === "stopped") unit.stop.abort();
    if (event.type === "text_delta" && end === "host died") break;
  }
  const call = unit.journal.calls[0]!;
  const dead = unknownFact(context, {
    ...{ usageUnitId: `dispatch:${call.dispatchId}`, source: "litellm", provider: "fake" },
    ...{ model: "paid", executorType: "inproc", occurredAt: new Date().toISOString() },
  });
  const facts = end === "host died" ? [dead] : unit.journal.facts();
  await commitUsageFacts(books.deps(), facts);
  while (fake.calls(context.runId).some((entry) => entry.open)) await sleep(1);
  const startedAt = Date.now();
  const [fact] = facts;
  const look = (afterMs: number): Promise<ReconcileOutcome> =>
    reconcileRun(
      {
        ...books.deps(),
        clock: { now: () => startedAt + afterMs },
        spendLog: createLitellmSpendLog({ baseUrl, apiKey: "sk-test", log }),
        describeModel: (id) => {
          const entry = unit.deps.models.find(id);
          if (entry === null) return null;
          return { ...entry, costUsd: (counts) => tokenCostUsd(entry, counts) };
        },
      },
      {
        ...{ context, executorType: "inproc", startedAt, endedAt: startedAt },
        dispatches: [
          {
            ...{ dispatchId: call.dispatchId, callId: call.callId, attempt: 0 },
            usageUnitId: fact?.usageUnitId ?? null,
          },
        ],
      },
    );
  return {
    books,
    look,
    settlement: fact?.settlement ?? "none",
    entry: fake.calls(context.runId)[0]!,
  };
}

describe("however a call ends, its receipt comes to say what the gateway's log says", () => {
  it.each([
    ["ok", "hello", "by itself", "final"],
    ["a stop", "[[tokens:9]] [[delay:5]]", "stopped", "estimated"],
    ["a timeout", "[[tokens:9]] [[stall:3]]", "by itself", "estimated"],
    ["a truncation", "[[tokens:9]] [[truncate:3]]", "by itself", "estimated"],
    ["an empty answer", "[[empty-200]]", "by itself", "unknown"],
    ["no usage", "hello [[no-usage]]", "by itself", "estimated"],
    ["a lost host", "[[tokens:9]] [[delay:5]]", "host died", "unknown"],
  ] as const)("%s", async (_, message, end, settlement) => {
    const run = await endedRun(message, end);
    expect(run.settlement).toBe(settlement);
    const { costUsd } = run.entry;
    expect(await run.look(10_000)).toMatchObject({ kind: "read", waiting: [], missing: [] });
    const charged = chargeCredits(costUsd, markup);
    expect(Object.values(run.books.effective())).toMatchObject([
      { settlement: "final", costUsd, charged },
    ]);
    expect(run.books.balance).toBe(1_000_000 - charged!);
    expectBalanced(run.books);
  });

  it("an explicit zero usage stays free", async () => {
    const run = await endedRun("hello [[zero-usage]] [[zero-cost]]", "by itself");
    await run.look(10_000);
    expect(Object.values(run.books.effective())).toMatchObject([
      { settlement: "final", charged: 0 },
    ]);
  });

  it("a refusal has no receipt, and gets none", async () => {
    const run = await endedRun("hello [[status:500]]", "by itself");
    expect(await run.look(2 * hour)).toMatchObject({ calls: [], missing: [], isComplete: true });
    expect(run.books.count("charge_receipts")).toBe(0);
  });

  it("a request that the gateway never got is voided in the end", async () => {
    const run = await endedRun("hello [[reset]]", "by itself");
    expect(run.settlement).toBe("unknown");
    expect(await run.look(10_000)).toMatchObject({ waiting: [expect.any(String)] });
    expect(await run.look(2 * hour)).toMatchObject({
      calls: [{ kind: "voided" }],
      isComplete: true,
    });
    expect(run.books.balance).toBe(1_000_000);
  });

  it("a row that comes late is waited for, and a gateway that is down delays and does nothing else", async () => {
    const late = await endedRun("hello [[no-usage]] [[spend-late:1]]", "by itself");
    expect(await late.look(10_000)).toMatchObject({ calls: [], isComplete: false });
    expect(await late.look(20_000)).toMatchObject({ calls: [{ kind: "corrected" }] });
    const down = await endedRun("hello [[no-usage]] [[spend-down:2]]", "by itself");
    for (let time = 1; time <= 2; time += 1) {
      expect(await down.look(2 * hour)).toMatchObject({ kind: "delayed" });
      expect(down.books.count("receipt_corrections")).toBe(0);
    }
    expect(await down.look(2 * hour)).toMatchObject({ calls: [{ kind: "corrected" }] });
  });
});
