import { describe, expect, it } from "vitest";
import type { AiEvent } from "../../../src/ports/ai-event.ts";
import type { ExecutorParts } from "../../../src/run/open-run.ts";
import { stopGraceMs } from "../../../src/run/life/driver.ts";
import { RunLife } from "../../../src/run/life/run-life.ts";
import { StaleInstance } from "../../../src/run/stale-instance.ts";
import { World } from "../../faults/in-process/world.ts";

const intent = {
  nodeKey: "n",
  checkpointNs: "n:1",
  requestHash: "h",
  model: "fake/model",
  mostCredits: 40_000,
};

/** A run whose executor never ends: what its drivers were given, and time that passes by hand. */
async function hanging() {
  const world = await World.create({ steps: [] });
  const parts: ExecutorParts[] = [];
  const timers = new Set<{ at: number; callback: () => void }>();
  const answers: (() => void)[] = [];
  const deps = world.deps();
  const life = new RunLife({
    ...deps,
    delay(ms, callback) {
      const timer = { at: world.now + ms, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    ledger: {
      ...deps.ledger,
      // Granted at once; told when the test says so.
      topUp: async (...args) => {
        const granted = await deps.ledger.topUp(...args);
        await new Promise<void>((resolve) => answers.push(resolve));
        return granted;
      },
    },
    buildExecutor(given) {
      parts.push(given);
      return { runGraph: () => ({ final: new Promise(() => {}), stream: nothing() }) };
    },
    drainsOnStop: (model) => model === "fake/drains",
  });
  const account = world.start.context.billingAccountId;
  await life.start(world.start);
  const pass = async (ms: number) => {
    world.now += ms;
    for (const timer of [...timers].filter(({ at }) => at <= world.now)) {
      timers.delete(timer);
      timer.callback();
    }
    await world.quiet();
  };
  return { world, life, account, parts, answers, pass };
}

async function* nothing(): AsyncGenerator<AiEvent> {
  yield await new Promise<never>(() => {});
}

describe("a driver that was stopped, does not end, and is followed by another attempt", () => {
  it("stores no checkpoint any more", async () => {
    const { world, life, account, parts, pass } = await hanging();
    life.cancel(account);
    await pass(stopGraceMs);
    expect(await life.retry(account)).toMatchObject({ ok: true });
    await world.quiet();
    const [first, second] = parts;
    expect(() => first?.checkpoints?.transactionSync(() => "written")).toThrow(StaleInstance);
    expect(second?.checkpoints?.transactionSync(() => "written")).toBe("written");
  });

  it("does not raise its successor's lease with an answer that comes late", async () => {
    const { world, life, account, parts, answers, pass } = await hanging();
    const opening = parts[0]?.journal.open(intent);
    await world.quiet();
    life.cancel(account);
    await pass(stopGraceMs);
    await life.retry(account);
    await world.quiet();
    answers.shift()?.();
    expect(await opening).toMatchObject({ kind: "refused", error: { code: "aborted" } });
    const leaseHere = world.storage.sql.exec("SELECT lease_credits AS lease FROM run").toArray();
    expect(leaseHere).toEqual(world.d1.all("SELECT lease_credits AS lease FROM graph_runs"));
  });
});

describe("a stopped driver with a call under way", () => {
  it.each([
    ["that is cut off is given up after a minute", "fake/model", stopGraceMs, "cancelled"],
    [
      "that is drained is waited for, because only its end says what it used",
      "fake/drains",
      13 * stopGraceMs,
      "running",
    ],
    [
      "that is drained is given up when no answer takes that long",
      "fake/drains",
      16 * stopGraceMs,
      "cancelled",
    ],
  ])("%s", async (_what, model, ms, status) => {
    const { life, account, parts, pass } = await hanging();
    expect(await parts[0]?.journal.open({ ...intent, model, mostCredits: 10 })).toMatchObject({
      kind: "dispatch",
    });
    life.cancel(account);
    for (let passed = 0; passed < ms; passed += stopGraceMs) await pass(stopGraceMs);
    expect(life.view(account)).toMatchObject({ status });
  });
});
