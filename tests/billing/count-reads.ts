export interface ReadCounter {
  db: D1Database;
  /** D1 rows read since it was last asked. */
  take(): number;
}

/** A database that counts what D1 says it read. A statement whose rows come without figures is run once more for them. */
export function countReads(inner: D1Database): ReadCounter {
  let rowsRead = 0;
  const count = <Result extends D1Result>(result: Result): Result => {
    rowsRead += result.meta.rows_read;
    return result;
  };
  /** A batch takes only the platform's own statements. */
  const bare = new WeakMap<D1PreparedStatement, D1PreparedStatement>();
  const watch = (statement: D1PreparedStatement): D1PreparedStatement => {
    const watched = watching(statement);
    bare.set(watched, statement);
    return watched;
  };
  const watching = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, property) {
        if (property === "bind") return (...values: unknown[]) => watch(target.bind(...values));
        if (property === "all") return async () => count(await target.all());
        if (property === "raw" || property === "first") {
          return async () => {
            count(await target.all());
            return property === "raw" ? target.raw() : target.first();
          };
        }
        throw new Error(`reads through ${String(property)} are not counted`);
      },
    });
  return {
    db: new Proxy(inner, {
      get(target, property) {
        if (property === "prepare") return (query: string) => watch(target.prepare(query));
        if (property === "batch") {
          return async (statements: D1PreparedStatement[]) =>
            (await target.batch(statements.map((each) => bare.get(each) ?? each))).map(count);
        }
        throw new Error(`reads through ${String(property)} are not counted`);
      },
    }),
    take() {
      const taken = rowsRead;
      rowsRead = 0;
      return taken;
    },
  };
}
