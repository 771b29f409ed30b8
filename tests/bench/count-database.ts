import { counts } from "./counts.ts";

/** A database that counts what D1 says of each statement, rows of triggers and indexes included. */
export function countDatabase(db: D1Database): D1Database {
  return new Proxy(db, {
    get(target, name) {
      if (name === "prepare") return (sql: string) => countStatement(sql, target.prepare(sql));
      if (name === "batch")
        return async (statements: D1PreparedStatement[]) => {
          const results = await target.batch(statements.map((each) => inner.get(each) ?? each));
          note(results);
          return results;
        };
      throw new Error(`D1 through ${String(name)} is not counted`);
    },
  });
}

/** `batch` takes only the platform's own statements, so each counting one remembers its own. */
const inner = new WeakMap<D1PreparedStatement, D1PreparedStatement>();

function countStatement(sql: string, statement: D1PreparedStatement): D1PreparedStatement {
  const send = async () => {
    const result = await statement.all();
    note([result]);
    return result;
  };
  const proxy = new Proxy(statement, {
    get(target, name) {
      if (name === "bind") {
        return (...values: unknown[]) => countStatement(sql, target.bind(...values));
      }
      if (name === "all" || name === "run") return send;
      // These two come without figures: the one is made from what has some, the other is asked for twice.
      if (name === "first") {
        return async (column?: string) => {
          const [row = null] = (await send()).results;
          return column === undefined ? row : (row?.[column] ?? null);
        };
      }
      if (name === "raw" && /^\s*select\b/i.test(sql)) {
        return async () => {
          await send();
          return target.raw();
        };
      }
      throw new Error(`D1 through ${String(name)} is not counted`);
    },
  });
  inner.set(proxy, statement);
  return proxy;
}

function note(results: readonly D1Result[]): void {
  counts.d1RoundTrips += 1;
  for (const { meta } of results) {
    counts.d1RowsRead += meta.rows_read;
    counts.d1RowsWritten += meta.rows_written;
    counts.d1Bytes = meta.size_after;
  }
}
