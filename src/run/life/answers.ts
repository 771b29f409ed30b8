import type { InterruptAnswer } from "../../ports/graph-runner.ts";
import type { JsonValue } from "../../ports/json.ts";
import { hasTable, type RunStorage } from "../storage.ts";

const table = `
  CREATE TABLE IF NOT EXISTS answers (
    interrupt_id TEXT PRIMARY KEY,
    ordinal INTEGER NOT NULL,
    answer TEXT NOT NULL
  ) STRICT, WITHOUT ROWID`;

/**
 * People's answers to the run's interrupts, kept until the run is purged: a repeated answer is recognised by them. Most runs
 * ask nobody, so the first answer makes their table.
 */
export class Answers {
  readonly #storage: RunStorage;

  constructor(storage: RunStorage) {
    this.#storage = storage;
  }

  /** null: this question has not been answered. */
  find(interruptId: string): InterruptAnswer | null {
    return this.#read(
      "SELECT interrupt_id, answer FROM answers WHERE interrupt_id = ?",
      interruptId,
    );
  }

  latest(): InterruptAnswer | null {
    return this.#read("SELECT interrupt_id, answer FROM answers ORDER BY ordinal DESC LIMIT 1");
  }

  put({ interruptId, value }: InterruptAnswer): void {
    this.#storage.sql.exec(table);
    this.#storage.sql.exec(
      `INSERT INTO answers (interrupt_id, ordinal, answer)
       SELECT ?, 1 + coalesce(max(ordinal), 0), ? FROM answers WHERE true
       ON CONFLICT (interrupt_id) DO UPDATE SET ordinal = excluded.ordinal, answer = excluded.answer`,
      interruptId,
      JSON.stringify(value),
    );
  }

  /** The question is open again: the run could not go on with its answer. */
  remove(interruptId: string): void {
    this.#storage.sql.exec("DELETE FROM answers WHERE interrupt_id = ?", interruptId);
  }

  clear(): void {
    this.#storage.sql.exec("DROP TABLE IF EXISTS answers");
  }

  #read(query: string, ...bindings: string[]): InterruptAnswer | null {
    if (!hasTable(this.#storage, "answers")) return null;
    const [row] = this.#storage.sql
      .exec<{ interrupt_id: string; answer: string }>(query, ...bindings)
      .toArray();
    if (row === undefined) return null;
    return { interruptId: row.interrupt_id, value: JSON.parse(row.answer) as JsonValue };
  }
}
