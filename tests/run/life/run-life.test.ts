import { describe, expect, it } from "vitest";
import type { FinishRun } from "../../../src/billing/posting.ts";
import { unknownFact } from "../../../src/completion/unknown-fact.ts";
import type { GraphExecutorPort } from "../../../src/ports/graph-executor.ts";
import type { StartRun } from "../../../src/ports/run.ts";
import type { UsageFact } from "../../../src/ports/usage-fact.ts";
import type { ServerFrame } from "../../../src/protocol.ts";
import type { LoggedEvent } from "../../../src/run/viewers/event-log.ts";
import type { ExecutorParts, RunDeps, RunLedger } from "../../../src/run/open-run.ts";
import { stopGraceMs } from "../../../src/run/life/driver.ts";
import { RunLife } from "../../../src/run/life/run-life.ts";
import { aborted, context, factOf } from "../../conformance/fakes.ts";
import { sqliteStorage } from "../sqlite-storage.ts";
import { RecordingLog } from "../../logs.ts";

const account = context.billingAccountId;

const start: StartRun = {
  v: 1,
  context,
  threadId: "thr_1",
  isNewThread: true,
  threadTitle: "hello",
  messages: [{ role: "user", content: "hello" }],
  model: "fake/model",
  configurable: {},
  toolIds: null,
  limits: { maxCalls: 5, maxCredits: 10_000, maxWallSeconds: 60, maxSteps: 20 },
  scheduleId: null,
  scheduledFor: null,
  requestHash: "hash",
};

/** D1 as far as a run sees it: remembers what it was told, fails when told to. */
class FakeLedger implements RunLedger {
  admissions = 0;
  /** D1 batches, each of them one round trip. */
  roundTrips = 0;
  leaseCredits = 100;
  refuse = false;
  failures = 0;
  availableCredits = Number.MAX_SAFE_INTEGER;
  /** What D1 has of the run, as far as the answers that were lost are concerned. */
  found: { status: "pending"; rev: number; leaseCredits: number } | null = {
    status: "pending",
    rev: 1,
    leaseCredits: 100,
  };
  /** Admissions wait for it, when it is there. */
  gate: Promise<void> = Promise.resolve();
  loseTopUp = false;
  topUps: number[] = [];
  finishes: FinishRun[] = [];
  committed = new Map<string, UsageFact>();

  #maybeFail(): void {
    if (this.failures === 0) return;
    this.failures -= 1;
    throw new Error("Network connection lost.");
  }

  async admit() {
    this.admissions += 1;
    this.roundTrips += 1;
    await this.gate;
    this.#maybeFail();
    if (this.refuse) {
      return { kind: "refused", code: "insufficient_credits", message: "Top up." } as const;
    }
    const history = start.messages;
    const { leaseCredits } = this;
    return { kind: "admitted", created: true, rev: 1, leaseCredits, history } as const;
  }

  async find() {
    this.roundTrips += 1;
    await this.gate;
    return this.found;
  }

  async reopen() {
    this.roundTrips += 1;
    this.#maybeFail();
    const { leaseCredits } = this;
    return { kind: "reopened", leaseCredits, chargedCredits: 0 } as const;
  }

  async topUp(_runId: string, rev: number, leaseCredits: number) {
    this.topUps.push(rev);
    this.roundTrips += 1;
    if (this.loseTopUp) throw new Error("Network connection lost.");
    return leaseCredits <= this.availableCredits;
  }

  async commit(facts: readonly UsageFact[]) {
    this.roundTrips += 1;
    this.#maybeFail();
    for (const fact of facts) this.committed.set(fact.usageUnitId, fact);
    const committed = facts.map((fact) => ({
      fact,
      sourceReference: fact.usageUnitId,
      receiptId: `rcpt_${fact.usageUnitId}`,
      chargedCredits: 10,
    }));
    return { committed, refused: [] };
  }

  async finish(finish: FinishRun) {
    this.finishes.push(finish);
    return { ...(await this.commit(finish.facts)), current: true };
  }

  async recordBooks() {}

  async giveUp() {}
}

/** `hangs`: it does not end though it is stopped. */
type Script = "answers" | "stalls" | "hangs" | "throws";

/** Makes one model call through the journal, as the completion unit does. */
function executorFor(script: Script, mostCredits: number) {
  return ({ journal, commit, checkCredit }: ExecutorParts): GraphExecutorPort => ({
    runGraph: ({ signal }) => ({
      final: new Promise(() => {}),
      stream: (async function* () {
        const refused = await checkCredit(context);
        if (refused !== null) {
          yield { type: "error", ...refused };
          yield {
            type: "done",
            status: "error",
            usage: { calls: 0, inputTokens: 0, outputTokens: 0 },
          };
          return;
        }
        const opening = await journal.open({
          nodeKey: "poet",
          checkpointNs: "poet:1",
          requestHash: "h",
          model: "fake/model",
          mostCredits,
        });
        if (opening.kind === "refused") {
          yield { type: "error", ...opening.error };
          yield {
            type: "done",
            status: "error",
            usage: { calls: 0, inputTokens: 0, outputTokens: 0 },
          };
          return;
        }
        if (opening.kind !== "dispatch") throw new Error("nothing to replay");
        const { callId, messageId } = opening;
        journal.dispatched(callId, { callId: "unit-1", costUsd: null, servedModel: null });
        yield { type: "text_delta", messageId, nodeKey: "poet", delta: "Hel" };
        if (script === "throws") throw new Error("bug");
        if (script === "hangs") await new Promise(() => {});
        if (script === "stalls") {
          await aborted(signal);
          journal.fail(callId, {
            state: "cancelled",
            error: { code: "aborted", message: "stopped" },
            fact: unknownFact(context, {
              usageUnitId: "unit-1",
              source: "litellm",
              provider: "fake",
              model: "fake/model",
              executorType: "inproc",
              occurredAt: "2026-01-01T00:00:00.000Z",
            }),
          });
          yield { type: "error", code: "aborted", message: "The run was stopped." };
          yield {
            type: "done",
            status: "cancelled",
            usage: { calls: 1, inputTokens: 0, outputTokens: 0 },
          };
          return;
        }
        yield { type: "text_delta", messageId, nodeKey: "poet", delta: "lo" };
        const output = {
          messageId,
          text: "Hello",
          toolCalls: [],
          finishReason: "stop",
          servedModel: null,
        };
        journal.settle(callId, { output, fact: factOf() });
        await commit(factOf());
        yield { type: "assistant_final", messageId, content: "Hello" };
        yield {
          type: "done",
          status: "success",
          usage: { calls: 1, inputTokens: 10, outputTokens: 5 },
        };
      })(),
    }),
  });
}

function harness(script: Script = "answers", mostCredits = 50) {
  const storage = sqliteStorage();
  const ledger = new FakeLedger();
  const log = new RecordingLog();
  const events: LoggedEvent[] = [];
  const settled: ServerFrame[] = [];
  const world = {
    alarm: null as number | null,
    isEmptied: false,
    settledOnce: Promise.withResolvers<void>(),
    onAlarmSet: async () => {},
    timers: [] as { ms: number; callback: () => void }[],
  };
  const deps: RunDeps = {
    storage,
    ledger,
    reconciler: null,
    buildExecutor: executorFor(script, mostCredits),
    priceOf: () => 10,
    needsCredit: () => true,
    describeModel: () => ({ source: "litellm", provider: "fake" }),
    drainsOnStop: () => false,
    viewers: {
      publish: (event) => void events.push(event),
      pause: () => {},
      settle: (frame) => {
        settled.push(frame);
        world.settledOnce.resolve();
      },
    },
    setAlarm: async (at) => {
      world.alarm = at;
      await world.onAlarmSet();
    },
    deleteStorage: async () => {
      world.isEmptied = true;
      for (const table of ["run", "events", "calls", "outbox"])
        storage.sql.exec(`DROP TABLE ${table}`);
    },
    delay: (ms, callback) => {
      world.timers.push({ ms, callback });
      return () => {};
    },
    retentionMs: 1_000_000,
    abandon: () => {},
    crashPoint: () => {},
    clock: { now: () => 1_000 },
    log,
  };
  return { life: new RunLife(deps), deps, ledger, events, settled, world, log };
}

const settleTurns = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("a run's life", () => {
  it("admits, drives and settles, and tells viewers only when D1 has the usage", async () => {
    const { life, ledger, events, settled, world } = harness();
    expect(await life.start(start)).toMatchObject({
      ok: true,
      created: true,
      run: { status: "running" },
    });
    await world.settledOnce.promise;
    expect(events.map((event) => event.type)).toEqual([
      "run_started",
      "text_delta",
      "text_delta",
      "cost",
      "assistant_final",
      "done",
    ]);
    expect(ledger.finishes).toMatchObject([
      { rev: 2, status: "success", output: "Hello", assistantMessage: "Hello", facts: [factOf()] },
    ]);
    expect(settled).toMatchObject([
      { chargedCredits: 10, receipts: 1, books: { dispatches: 1, settled: 1, closed: true } },
    ]);
    expect(life.view(account)).toMatchObject({
      status: "success",
      billing: "settled",
      heldCredits: 0,
    });
    expect(world.alarm).toBe(1_000 + 1_000_000);
  });

  it("costs two D1 round trips when it makes one call", async () => {
    const { life, ledger, world } = harness();
    await life.start(start);
    await world.settledOnce.promise;
    expect(ledger.roundTrips).toBe(2);
  });

  it("returns the same run for the same request, and admits it once, also at the same moment", async () => {
    const { life, ledger, world } = harness();
    const outcomes = await Promise.all([life.start(start), life.start(start), life.start(start)]);
    await world.settledOnce.promise;
    expect(outcomes.map((outcome) => outcome.ok && outcome.created)).toEqual([true, false, false]);
    expect(await life.start(start)).toMatchObject({
      ok: true,
      created: false,
      run: { status: "success" },
    });
    expect(ledger.admissions).toBe(1);
  });

  it("refuses another request under the same id, and another account altogether", async () => {
    const { life, world } = harness();
    await life.start(start);
    await world.settledOnce.promise;
    expect(await life.start({ ...start, requestHash: "other" })).toMatchObject({
      ok: false,
      code: "idempotency_conflict",
    });
    const stranger = { ...start, context: { ...context, billingAccountId: "acct_other" } };
    expect(await life.start(stranger)).toMatchObject({ ok: false, code: "not_found" });
    expect(life.view("acct_other")).toBeNull();
    expect(life.calls("acct_other")).toBeNull();
    expect(life.cancel("acct_other")).toBeNull();
  });

  it("leaves nothing behind when credit is refused", async () => {
    const { life, ledger, events, world } = harness();
    ledger.refuse = true;
    expect(await life.start(start)).toMatchObject({ ok: false, code: "insufficient_credits" });
    expect(world.isEmptied).toBe(true);
    expect(events).toEqual([]);
    ledger.refuse = false;
    expect(await life.start(start)).toMatchObject({ ok: true, created: true });
  });

  it("goes on with an admission whose answer was lost when the same request comes again", async () => {
    const { life, ledger, world } = harness();
    ledger.failures = 1;
    expect(await life.start(start)).toMatchObject({ ok: false, code: "provider_unavailable" });
    expect(life.view(account)).toBeNull();
    expect(await life.start(start)).toMatchObject({ ok: true });
    await world.settledOnce.promise;
    expect(ledger.finishes).toHaveLength(1);
  });

  it("forgets an admission that D1 never took, so that the same key can be used again", async () => {
    const { life, ledger, world } = harness();
    ledger.failures = 1;
    ledger.found = null;
    await life.start(start);
    await life.wake();
    expect(world.isEmptied).toBe(true);
    expect(await life.start(start)).toMatchObject({ ok: true, created: true });
    await world.settledOnce.promise;
  });

  it("runs late rather than never what was admitted without an answer", async () => {
    const { life, ledger, world } = harness();
    ledger.failures = 1;
    await life.start(start);
    await life.wake();
    await world.settledOnce.promise;
    expect(ledger.finishes).toMatchObject([{ status: "success" }]);
  });

  it("keeps a refused admission in mind when an earlier attempt of it got no answer", async () => {
    const { life, ledger, world } = harness();
    ledger.failures = 1;
    await life.start(start);
    ledger.refuse = true;
    expect(await life.start(start)).toMatchObject({ ok: false, code: "insufficient_credits" });
    expect(world.isEmptied).toBe(false);
    expect(world.alarm).not.toBeNull();
  });

  it("lets a repeated start and the alarm's second look take turns: one of them decides", async () => {
    const { life, ledger, events, world } = harness();
    ledger.failures = 1;
    await life.start(start);
    const opened = Promise.withResolvers<void>();
    ledger.gate = opened.promise;
    const repeated = life.start(start);
    const woken = life.wake();
    opened.resolve();
    expect(await repeated).toMatchObject({ ok: true });
    await woken;
    await world.settledOnce.promise;
    expect(ledger.finishes).toMatchObject([{ status: "success" }]);
    expect(events.filter((event) => event.type === "done")).toHaveLength(1);
  });

  it("looks again and again while D1 does not answer, and never loses its alarm", async () => {
    const { life, ledger, world } = harness();
    ledger.failures = 5;
    for (let attempt = 0; attempt < 2; attempt++) {
      world.alarm = null;
      await life.start(start);
      expect(world.alarm).not.toBeNull();
    }
  });

  it("numbers the finishing batch above a top-up whose answer was lost", async () => {
    const { life, ledger, world } = harness("answers", 5_000);
    ledger.loseTopUp = true;
    await life.start(start);
    await world.settledOnce.promise;
    expect(ledger.topUps).toEqual([2]);
    expect(ledger.finishes).toMatchObject([{ rev: 3, status: "error", errorCode: "internal" }]);
  });

  it("ends a run that takes longer than it may with its own message", async () => {
    const { life, ledger, world } = harness("stalls");
    await life.start(start);
    await settleTurns();
    world.timers.find(({ ms }) => ms === 60_000)?.callback();
    await world.settledOnce.promise;
    expect(ledger.finishes).toMatchObject([{ status: "error", errorCode: "timeout" }]);
    expect(ledger.finishes[0]?.errorMessage).toContain("limits.maxWallSeconds");
  });

  it("tries again with the same batch when D1 does not answer at the end", async () => {
    const { life, ledger, settled, world } = harness();
    await life.start(start);
    ledger.failures = 2;
    await settleTurns();
    expect(settled).toEqual([]);
    expect(life.view(account)).toMatchObject({ status: "success", billing: "open" });
    expect(world.alarm).toBeGreaterThan(1_000);
    await life.wake();
    await life.wake();
    expect(ledger.finishes.map((finish) => finish.rev)).toEqual([2, 2, 2]);
    expect(settled).toHaveLength(1);
  });

  it("stops a run: the upstream is closed, what it used has a receipt, the hold is released", async () => {
    const { life, ledger, events, world } = harness("stalls");
    await life.start(start);
    await settleTurns();
    expect(life.cancel(account)).toMatchObject({ accepted: true });
    expect(life.cancel(account)).toMatchObject({ accepted: false });
    await world.settledOnce.promise;
    expect(events.slice(-2).map((event) => event.type)).toEqual(["error", "done"]);
    expect(ledger.finishes).toMatchObject([{ status: "cancelled", errorCode: "aborted" }]);
    expect(life.view(account)).toMatchObject({
      status: "cancelled",
      books: { dispatches: 1, unknown: 1, closed: true },
    });
    expect(life.cancel(account)).toMatchObject({ accepted: false });
  });

  it("gives a driver up that does not end though it was stopped", async () => {
    const { life, ledger, world, log } = harness("hangs");
    await life.start(start);
    await settleTurns();
    life.cancel(account);
    await settleTurns();
    expect(life.view(account)).toMatchObject({ status: "running" });
    world.timers.findLast(({ ms }) => ms === stopGraceMs)?.callback();
    await world.settledOnce.promise;
    expect(ledger.finishes).toMatchObject([
      { status: "cancelled", facts: [{ settlement: "unknown" }] },
    ]);
    expect(log.lines.map((line) => line.event)).toContain("run.driver_hung");
    expect(await life.retry(account)).toMatchObject({ ok: true, run: { attempt: 1 } });
  });

  it("ends the run as internal when its driver throws", async () => {
    const { life, ledger, world, log } = harness("throws");
    await life.start(start);
    await world.settledOnce.promise;
    expect(ledger.finishes).toMatchObject([{ status: "error", errorCode: "internal" }]);
    expect(log.lines.map((line) => line.event)).toContain("run.driver_failed");
  });

  it("dispatches nothing that the lease cannot cover when the account is empty", async () => {
    const { life, ledger, world } = harness("answers", 5_000);
    ledger.availableCredits = 4_999;
    await life.start(start);
    await world.settledOnce.promise;
    expect(ledger.finishes).toMatchObject([
      { status: "error", errorCode: "insufficient_credits", facts: [] },
    ]);
    expect(life.calls(account)).toEqual([]);
  });

  it("is not ended by an alarm that fires while it begins", async () => {
    const { life, ledger, world } = harness();
    world.onAlarmSet = async () => {
      if (life.view(account)?.status !== "running") return;
      world.onAlarmSet = async () => {};
      await life.wake();
    };
    await life.start(start);
    await world.settledOnce.promise;
    expect(ledger.finishes).toMatchObject([{ status: "success" }]);
  });

  it("ends before its first call when its own limit leaves nothing to spend", async () => {
    const { life, ledger, world } = harness("answers", 0);
    ledger.leaseCredits = 0;
    await life.start({ ...start, limits: { ...start.limits, maxCredits: 0 } });
    await world.settledOnce.promise;
    expect(ledger.finishes).toMatchObject([{ errorCode: "insufficient_credits", facts: [] }]);
    expect(life.calls(account)).toEqual([]);
  });

  it("does nothing at an alarm of a settled run, or of an object without a run", async () => {
    const { life, ledger, world } = harness();
    await life.wake();
    expect(ledger.admissions).toBe(0);
    await life.start(start);
    await world.settledOnce.promise;
    await life.wake();
    expect(ledger.finishes).toHaveLength(1);
  });
});
