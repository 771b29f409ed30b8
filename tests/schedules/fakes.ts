import { env } from "cloudflare:workers";
import { newId } from "../../src/base/ids.ts";
import { admitRun } from "../../src/billing/admission.ts";
import { ensureAccount } from "../../src/billing/credits.ts";
import type { Env } from "../../src/env.ts";
import type { LiveRun, StartOutcome, StartRun } from "../../src/ports/run.ts";
import type { ModelEntry } from "../../src/ports/model-catalog.ts";
import type { RunCatalogs } from "../../src/run/get-run.ts";
import { createSchedule } from "../../src/schedules/change-schedule.ts";
import type { RunPort } from "../../src/schedules/run-port.ts";
import type { Schedule, ScheduleTerms } from "../../src/schedules/schedule.ts";
import { insertSchedule } from "../../src/schedules/schedule-rows.ts";

const model: ModelEntry = {
  id: "fake/model",
  name: "Fake",
  provider: "fake",
  inputUsdPerMTok: "1",
  outputUsdPerMTok: "2",
  cacheReadUsdPerMTok: null,
  cacheWriteUsdPerMTok: null,
  contextTokens: 8_000,
  isContextStated: true,
  maxOutputTokens: 1_000,
  free: false,
  onStop: "cut",
  gateway: "configured",
};

const graph = {
  name: "poet",
  title: "Poet",
  description: "One call.",
  toolIds: [],
  nodeKeys: ["poet"],
  interrupts: false,
};

export const catalogs: RunCatalogs = {
  graphs: new Map([["langgraph:poet", graph]]),
  models: {
    models: [model],
    defaultModelId: model.id,
    find: (modelId) => (modelId === model.id ? model : null),
  },
};

export const holdCredits = 10;

/** Admits runs in D1 as a RunObject does, and executes nothing. */
export class FakeRuns implements RunPort {
  readonly starts: StartRun[] = [];
  readonly created: string[] = [];
  readonly cancelled: string[] = [];
  /** Called before each start; may throw, or answer in place of the run. */
  before: (start: StartRun) => StartOutcome | null | Promise<StartOutcome | null> = () => null;
  /** Called after each start: a throw loses the answer. */
  after: () => void = () => {};
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  start = async (start: StartRun): Promise<StartOutcome> => {
    this.starts.push(start);
    const answer = await this.before(start);
    if (answer !== null) return answer;
    const admission = await admitRun(env.DB, { start, holdCredits, now: this.#now() });
    if (admission.kind === "refused") return { ...admission, ok: false };
    if (admission.created) this.created.push(start.context.runId);
    this.after();
    return { ...startedRun(start.context.runId), created: admission.created };
  };

  cancel = async (_accountId: string, runId: string): Promise<void> => {
    this.cancelled.push(runId);
    await end(runId, "cancelled");
  };
}

/** Schedules look at nothing of a run but that it was started. */
export function startedRun(runId: string): StartOutcome & { ok: true } {
  return { ok: true, created: true, run: { runId } as LiveRun };
}

export async function end(runId: string, status: "success" | "cancelled"): Promise<void> {
  await env.DB.prepare(
    "UPDATE graph_runs SET status = ?2, lease_open = 0, rev = rev + 1, finished_at = created_at WHERE id = ?1",
  )
    .bind(runId, status)
    .run();
}

export async function newAccount(grantCredits = 1_000_000) {
  const accountId = newId("account");
  return ensureAccount(env.DB, { accountId, name: "Test", grantCredits, now: 0 });
}

const terms: ScheduleTerms = {
  name: "Every minute",
  graphId: "langgraph:poet",
  message: "Write a poem.",
  cron: "* * * * *",
  timezone: "UTC",
  model: null,
  configurable: {},
  toolIds: null,
  limits: {},
  overlap: "allow",
  catchUp: "one",
  enabled: true,
};

export async function newSchedule(
  owner: { accountId: string; virtualKeyId: string },
  createdAt: number,
  changes: Partial<ScheduleTerms> = {},
): Promise<Schedule> {
  const made = createSchedule({ ...terms, ...changes }, owner, catalogs, createdAt);
  if (!made.ok) throw new Error(made.message);
  await insertSchedule(env.DB, made.schedule);
  return made.schedule;
}

/** The same environment, with a count of its D1 round trips. */
export function countingD1(): { env: Env; roundTrips: () => number } {
  let roundTrips = 0;
  const real = new WeakMap<object, D1PreparedStatement>();
  const counted = (statement: D1PreparedStatement): D1PreparedStatement => {
    const proxy = new Proxy(statement, {
      get(target, name) {
        if (name === "bind") return (...values: unknown[]) => counted(target.bind(...values));
        const member = Reflect.get(target, name) as unknown;
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          roundTrips += 1;
          return Reflect.apply(member, target, args) as unknown;
        };
      },
    });
    real.set(proxy, statement);
    return proxy;
  };
  const DB = new Proxy(env.DB, {
    get(target, name) {
      if (name === "prepare") return (sql: string) => counted(target.prepare(sql));
      if (name === "batch") {
        return (statements: D1PreparedStatement[]) => {
          roundTrips += 1;
          return target.batch(statements.map((statement) => real.get(statement) ?? statement));
        };
      }
      return Reflect.get(target, name) as unknown;
    },
  });
  return { env: { ...env, DB }, roundTrips: () => roundTrips };
}
