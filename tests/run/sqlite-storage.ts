import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { RunStorage } from "../../src/run/storage.ts";

/** A RunObject's storage over Node's SQLite, so that policy is tested without workerd. */
export function sqliteStorage(): RunStorage & {
  rowsWritten: () => number;
  isEmpty: () => boolean;
} {
  const db = new DatabaseSync(":memory:");
  let rowsWritten = 0;

  function exec(query: string, ...bindings: unknown[]) {
    if (bindings.length === 0 && query.includes(";")) {
      db.exec(query);
      return { rowsWritten: 0, toArray: () => [] };
    }
    const statement = db.prepare(query);
    if (/^\s*select/i.test(query)) {
      const rows = statement.all(...(bindings as SQLInputValue[])).map((row) => ({ ...row }));
      return { rowsWritten: 0, toArray: () => rows };
    }
    const changes = Number(statement.run(...(bindings as SQLInputValue[])).changes);
    rowsWritten += changes;
    return { rowsWritten: changes, toArray: () => [] };
  }

  let depth = 0;
  return {
    sql: { exec } as unknown as RunStorage["sql"],
    transactionSync(work) {
      const savepoint = `s${depth++}`;
      db.exec(`SAVEPOINT ${savepoint}`);
      try {
        const result = work();
        db.exec(`RELEASE ${savepoint}`);
        return result;
      } catch (error) {
        db.exec(`ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`);
        throw error;
      } finally {
        depth -= 1;
      }
    },
    rowsWritten: () => rowsWritten,
    isEmpty: () => db.prepare("SELECT 1 FROM sqlite_master").all().length === 0,
  };
}
