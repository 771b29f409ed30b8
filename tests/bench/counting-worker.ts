import product, { RunObject as ProductRunObject } from "../../src/worker.ts";
import type { Env } from "../../src/env.ts";
import { countDatabase } from "./count-database.ts";
import { countStorage } from "./count-storage.ts";
import { countLogLines, counts } from "./counts.ts";

/** The product with counters around what is billed, for `readRunCosts`. Bundled in place of `src/worker.ts`. */
countLogLines();

export class RunObject extends ProductRunObject {
  constructor(state: DurableObjectState, env: Env) {
    countStorage(state);
    super(state, counted(env));
  }

  /** What the alarm does at a later time. */
  async alarmAfter(ms: number): Promise<void> {
    const { now } = Date;
    Date.now = () => now() + ms;
    try {
      await this.alarm();
    } finally {
      Date.now = now;
    }
  }
}

/** Twenty incoming socket messages are one request; that a socket has closed costs nothing. Anything else is one. */
const requestsOf = new Map([
  ["webSocketMessage", 1 / 20],
  ["webSocketClose", 0],
  ["webSocketError", 0],
]);

// Every way into an object, also one that is added later.
for (const name of Object.getOwnPropertyNames(ProductRunObject.prototype)) {
  const member: unknown = Reflect.get(ProductRunObject.prototype, name);
  if (name === "constructor" || typeof member !== "function") continue;
  Object.defineProperty(RunObject.prototype, name, {
    value(this: RunObject, ...args: unknown[]): unknown {
      counts.objectRequests += requestsOf.get(name) ?? 1;
      counts.logEvents += 1;
      return Reflect.apply(member, this, args);
    },
  });
}

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    if (pathname === "/bench/counts") return Response.json(counts);
    const [, runId, seconds] = /^\/bench\/alarm\/(\w+)\/(\d+)$/.exec(pathname) ?? [];
    if (runId !== undefined) {
      const stub: unknown = env.RUNS.get(env.RUNS.idFromName(runId));
      await (stub as RunObject).alarmAfter(Number(seconds) * 1_000);
      return Response.json(counts);
    }
    counts.workerRequests += 1;
    counts.logEvents += 1;
    return product.fetch(request, counted(env), context);
  },
} satisfies ExportedHandler<Env>;

/** One for each environment, because the product remembers by it what it has looked up. */
function counted(env: Env): Env {
  const known = countedEnvs.get(env) ?? { ...env, DB: countDatabase(env.DB) };
  countedEnvs.set(env, known);
  return known;
}

const countedEnvs = new WeakMap<Env, Env>();
