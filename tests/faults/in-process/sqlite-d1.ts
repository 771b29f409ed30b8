import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";

/** What goes wrong with the next batch: nothing, it is never run, or it is run and its answer is lost. */
export type D1Fault = "none" | "before" | "after";

interface Prepared {
  sql: string;
  values: SQLInputValue[];
}

/** D1 over Node's SQLite with the real migrations, so that whole histories are tested against the real ledger. */
export class SqliteD1 {
  readonly sqlite = new DatabaseSync(":memory:");
  readonly faults: D1Fault[] = [];

  constructor() {
    for (const name of readdirSync("migrations").toSorted()) {
      if (name.endsWith(".sql")) this.sqlite.exec(readFileSync(`migrations/${name}`, "utf8"));
    }
  }

  /** The part of D1 that the ledger uses. */
  get database(): D1Database {
    const database = {
      prepare: (sql: string) => this.#prepare(sql, []),
      batch: async (statements: Prepared[]) => this.#batch(statements),
    };
    return database as unknown as D1Database;
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.sqlite
      .prepare(sql)
      .all(...values)
      .map((row) => ({ ...row }) as Row);
  }

  #prepare(sql: string, values: SQLInputValue[]) {
    return {
      sql,
      values,
      bind: (...bound: SQLInputValue[]) => this.#prepare(sql, bound),
      first: async () => this.#batch([{ sql, values }])[0]?.results[0] ?? null,
      all: async () => this.#batch([{ sql, values }])[0],
      run: async () => this.#batch([{ sql, values }])[0],
    };
  }

  #batch(statements: Prepared[]): { results: unknown[] }[] {
    const fault = this.faults.shift();
    if (fault === "before") throw new Error("D1_ERROR: Network connection lost.");
    this.sqlite.exec("BEGIN");
    let results: { results: unknown[] }[];
    try {
      results = statements.map(({ sql, values }) => ({ results: this.all(sql, ...values) }));
      this.sqlite.exec("COMMIT");
    } catch (error) {
      this.sqlite.exec("ROLLBACK");
      const text = error instanceof Error ? error.message : "";
      throw new Error(`D1_ERROR: ${text}: SQLITE_CONSTRAINT`, { cause: error });
    }
    if (fault === "after") throw new Error("D1_ERROR: Network connection lost.");
    return results;
  }
}
