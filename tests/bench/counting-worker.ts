import product, { RunObject as ProductRunObject } from "../../src/worker.ts";
import type { Env } from "../../src/env.ts";

/**
 * The product with counters around its storage, for `readRunCosts`. Bundled in place of `src/worker.ts`; locally all
 * objects live in one isolate, so module variables see them all.
 */
const counts = { d1RoundTrips: 0, d1RowsWritten: 0, objectRowsWritten: 0 };
export type Counts = typeof counts;

export class RunObject extends ProductRunObject {
  constructor(state: DurableObjectState, env: Env) {
    countRows(state.storage.sql);
    super(state, counted(env));
  }
}

export default {
  fetch(request, env, context) {
    if (new URL(request.url).pathname === "/bench/counts") return Response.json(counts);
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

function countDatabase(db: D1Database): D1Database {
  return new Proxy(db, {
    get(target, name) {
      if (name === "prepare") return (sql: string) => countStatement(target.prepare(sql));
      if (name === "batch")
        return async (statements: D1PreparedStatement[]) => {
          const results = await target.batch(statements.map((each) => inner.get(each) ?? each));
          note(results.reduce((sum, { meta }) => sum + meta.rows_written, 0));
          return results;
        };
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
}

/** `batch` takes only the platform's own statements, so each counting one remembers its own. */
const inner = new WeakMap<D1PreparedStatement, D1PreparedStatement>();

function countStatement(statement: D1PreparedStatement): D1PreparedStatement {
  const proxy = new Proxy(statement, {
    get(target, name) {
      if (name === "bind") return (...values: unknown[]) => countStatement(target.bind(...values));
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        const result: unknown = await member.apply(target, args);
        note(rowsWritten(result));
        return result;
      };
    },
  });
  inner.set(proxy, statement);
  return proxy;
}

/** `first` and `raw` come without figures; they are reads. */
function rowsWritten(result: unknown): number {
  if (typeof result !== "object" || result === null || !("meta" in result)) return 0;
  return (result as D1Result).meta.rows_written;
}

function note(rows: number): void {
  counts.d1RoundTrips += 1;
  counts.d1RowsWritten += rows;
}

function countRows(sql: SqlStorage): void {
  const exec = sql.exec.bind(sql);
  sql.exec = (query, ...bindings) => {
    const cursor = exec(query, ...bindings);
    counts.objectRowsWritten += cursor.rowsWritten;
    return cursor as never;
  };
}
