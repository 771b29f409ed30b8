import { addCredits, createAccount } from "../../../src/billing/credits.ts";
import { admitRun, readAdmission, topUpLease } from "../../../src/billing/admission.ts";
import { commitUsageFacts, finishRun } from "../../../src/billing/billing.ts";
import type { BillingDeps } from "../../../src/billing/posting.ts";
import { giveUpRun } from "../../../src/billing/open-runs.ts";
import { priceFact } from "../../../src/billing/pricing.ts";
import { reconcileRun } from "../../../src/billing/reconcile.ts";
import { recordBooks } from "../../../src/billing/record-books.ts";
import { reopenRun } from "../../../src/billing/reopen.ts";
import type { BatchRetry } from "../../../src/billing/repeat-batch.ts";
import { newId } from "../../../src/base/ids.ts";
import type { StartRun } from "../../../src/ports/run.ts";
import type { CrashPoint } from "../../../src/run/crash-points.ts";
import type { LoggedEvent } from "../../../src/run/viewers/event-log.ts";
import type { RunDeps, RunLedger } from "../../../src/run/open-run.ts";
import type { Reconciler } from "../../../src/run/open-run.ts";
import { RunLife } from "../../../src/run/life/run-life.ts";
import { sqliteStorage } from "../../run/sqlite-storage.ts";
import { GatewayLog } from "./gateway-log.ts";
import type { Script } from "./script.ts";
import { scriptedExecutor } from "./scripted-executor.ts";
import { ScriptedSpendLog } from "./spend-log.ts";
import { SqliteD1 } from "./sqlite-d1.ts";
import { RecordingLog } from "../../logs.ts";

const holdCredits = 400;
export const firstBalance = 1_000_000;
export const retentionMs = 1_000_000_000;

/** Gives up after three tries, so that an unreachable ledger is met by the run itself. */
const retry: BatchRetry = { attemptsMax: 3, sleep: async () => {}, random: () => 0 };

export class Crash extends Error {}

type Guard = <Args extends unknown[], Result>(
  work: (...args: Args) => Result,
) => (...args: Args) => Result;
type RemoteGuard = <Args extends unknown[], Result>(
  work: (...args: Args) => Promise<Result>,
) => (...args: Args) => Promise<Result>;

/** One life of the object in one process. After its death nothing that it still does has any effect. */
export interface Instance {
  life: RunLife;
  isDead: boolean;
  /** It gave itself up for another instance's sake. */
  isAbandoned: boolean;
  timers: Set<{ at: number; callback: () => void }>;
}

/**
 * One run with everything that outlives its process: its storage, the real ledger on SQLite, the model's side, and what
 * viewers were sent. Instances of its object die at crash points and are born by whatever looks at the run next.
 */
export class World {
  readonly d1 = new SqliteD1();
  readonly storage = sqliteStorage();
  readonly gateway = new GatewayLog();
  readonly spendLog = new ScriptedSpendLog(this.gateway);
  readonly log = new RecordingLog();
  readonly answered = new Set<string>();
  readonly published: LoggedEvent[] = [];
  readonly passed = new Set<CrashPoint>();
  readonly script: Script;
  start!: StartRun;
  instance: Instance | null = null;
  alarm: number | null = null;
  now = 1_000;
  crashes = 0;
  isEmptied = false;
  /** Dies when this point is passed for the n-th time from now. */
  armed: { point: CrashPoint; passes: number } | null = null;

  private constructor(script: Script) {
    this.script = script;
  }

  static async create(script: Script, changes: Partial<StartRun> = {}): Promise<World> {
    const world = new World(script);
    const holder = await createAccount(world.d1.database, { name: "Test", now: 1 });
    await addCredits(
      { db: world.d1.database, clock: { now: () => 1 } },
      {
        accountId: holder.accountId,
        credits: firstBalance,
        reason: "top_up",
        reference: "first",
      },
    );
    world.start = {
      v: 1,
      context: {
        runId: newId("run"),
        attempt: 0,
        requestId: newId("request"),
        graphId: "langgraph:poet",
        billingAccountId: holder.accountId,
        virtualKeyId: holder.virtualKeyId,
        trigger: "chat",
      },
      threadId: newId("thread"),
      isNewThread: true,
      threadTitle: "hello",
      messages: [{ role: "user", content: "hello" }],
      model: "fake/model",
      configurable: {},
      toolIds: null,
      limits: { maxCalls: 50, maxCredits: 100_000, maxWallSeconds: 900, maxSteps: 50 },
      scheduleId: null,
      scheduledFor: null,
      requestHash: "hash",
      ...changes,
    };
    return world;
  }

  /** The object's present instance; a new one is born when there is none. */
  get life(): RunLife {
    this.instance ??= this.bear();
    return this.instance.life;
  }

  /** What an instance is made of. */
  deps(): RunDeps {
    return this.#depsOf(unborn());
  }

  /** A further instance on the same storage. The previous one is not told, and goes on. */
  bear(): Instance {
    const instance = unborn();
    instance.life = new RunLife(this.#depsOf(instance));
    return instance;
  }

  #depsOf(instance: Instance): RunDeps {
    const sync: Guard =
      (work) =>
      (...args) => {
        if (instance.isDead) throw new Crash();
        return work(...args);
      };
    // What a dead process asked of others is never answered.
    const remote: RemoteGuard =
      (work) =>
      (...args) =>
        instance.isDead ? new Promise(() => {}) : work(...args);
    const { storage } = this;
    return {
      storage: {
        sql: { exec: sync(storage.sql.exec) as typeof storage.sql.exec },
        transactionSync: sync(storage.transactionSync),
      },
      ledger: this.#ledger(remote),
      reconciler: this.#reconciler(remote),
      buildExecutor: (parts) => scriptedExecutor(this.script, this.gateway, this.answered)(parts),
      priceOf: (fact) => priceFact(fact, 10_000).chargedCredits,
      needsCredit: () => true,
      drainsOnStop: () => false,
      describeModel: () => ({ source: "litellm", provider: "fake" }),
      viewers: {
        publish: (event) => void this.published.push(event),
        pause: () => {},
        settle: () => {},
      },
      setAlarm: remote(async (at) => void (this.alarm = at)),
      deleteStorage: remote(async () => {
        this.isEmptied = true;
        for (const table of ["run", "events", "calls", "outbox"])
          storage.sql.exec(`DROP TABLE ${table}`);
      }),
      retentionMs,
      abandon: () => (instance.isAbandoned = true),
      crashPoint: (point) => this.#pass(point, instance),
      delay: (ms, callback) => {
        const timer = { at: this.now + ms, callback };
        instance.timers.add(timer);
        return () => instance.timers.delete(timer);
      },
      clock: { now: () => this.now },
      log: this.log,
    };
  }

  kill(): void {
    if (this.instance !== null) this.instance.isDead = true;
    this.instance = null;
    this.crashes += 1;
  }

  /** Time passes: what is due fires, timers first. */
  async elapse(ms: number): Promise<void> {
    this.now += ms;
    const { instance } = this;
    for (const timer of [...(instance?.timers ?? [])]) {
      if (timer.at > this.now) continue;
      instance?.timers.delete(timer);
      timer.callback();
    }
    if (this.alarm !== null && this.alarm <= this.now) {
      this.alarm = null;
      void this.life.wake();
    }
    await this.quiet();
  }

  /** Until nothing moves any more: everything in this world moves by turns of the event loop. */
  async quiet(): Promise<void> {
    for (let turn = 0; turn < 120; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  #pass(point: CrashPoint, instance: Instance): void {
    if (instance.isDead) throw new Crash();
    this.passed.add(point);
    if (this.armed?.point !== point || --this.armed.passes > 0) return;
    this.armed = null;
    instance.isDead = true;
    if (this.instance === instance) this.instance = null;
    this.crashes += 1;
    throw new Crash();
  }

  get #billing(): BillingDeps {
    const clock = { now: () => this.now };
    return { db: this.d1.database, markupBasisPoints: 10_000, clock, log: this.log, retry };
  }

  #reconciler(guard: RemoteGuard): Reconciler {
    const { spendLog } = this;
    const deps = { ...this.#billing, spendLog, describeModel: () => null };
    return {
      source: spendLog.source,
      reconcile: guard((run, signal) => reconcileRun(deps, run, signal)),
    };
  }

  #ledger(guard: RemoteGuard): RunLedger {
    const deps = this.#billing;
    const { db } = deps;
    return {
      admit: guard((start: StartRun) => admitRun(db, { start, holdCredits, now: this.now }, retry)),
      find: guard((runId: string) => readAdmission(db, runId)),
      reopen: guard(({ context }: StartRun, { rev, attempt }) =>
        reopenRun(db, { runId: context.runId, rev, attempt, holdCredits }, retry),
      ),
      topUp: guard(
        async (runId: string, rev: number, leaseCredits: number) =>
          (await topUpLease(db, { runId, rev, leaseCredits }, retry)).granted,
      ),
      commit: guard((facts) => commitUsageFacts(deps, facts)),
      finish: guard((finish) => finishRun(deps, finish)),
      recordBooks: guard((record) => recordBooks(db, record, retry)),
      giveUp: guard((runId: string) => giveUpRun(db, runId, this.now)),
    };
  }
}

function unborn(): Instance {
  return {
    life: null as unknown as RunLife,
    isDead: false,
    isAbandoned: false,
    timers: new Set(),
  };
}
