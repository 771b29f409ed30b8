import { assert } from "../base/assert.ts";
import type { AiError, AiErrorCode } from "../ports/ai-event.ts";
import type { ChatMessage } from "../ports/completion.ts";
import type { RunStatus, StartRun } from "../ports/run.ts";
import { hasTables, migrate, schemaVersion, type RunStorage, type SqlValue } from "./storage.ts";

/**
 * Where the run stands on its way:
 * `admitting` (written before D1 is asked, so that a death in between is found again), `driving`, `finishing` (the
 * outcome is fixed, D1 does not know it yet), `settled`.
 */
export type RunPhase = "admitting" | "driving" | "finishing" | "settled";

export interface RunRow {
  phase: RunPhase;
  start: StartRun;
  history: ChatMessage[];
  status: RunStatus;
  attempt: number;
  /** Number of the last write of the run's D1 row; admission is 1. */
  rev: number;
  leaseCredits: number;
  isCancelRequested: boolean;
  error: AiError | null;
  output: string | null;
  finishTries: number;
  createdAt: number;
  startedAt: number | null;
  finishedAt: number | null;
}

/** The run's own row. Reads are cached: this object is the only writer of its storage. */
export class RunState {
  readonly #storage: RunStorage;
  #row: RunRow | null;

  constructor(storage: RunStorage) {
    this.#storage = storage;
    this.#row = hasTables(storage) ? readRow(storage) : null;
  }

  /** null: there is no run here. */
  get row(): RunRow | null {
    return this.#row;
  }

  get present(): RunRow {
    assert(this.#row !== null, "the run exists");
    return this.#row;
  }

  create(start: StartRun, now: number): void {
    this.#storage.transactionSync(() => {
      migrate(this.#storage, 0);
      this.#storage.sql.exec(
        `INSERT INTO run (id, schema_version, phase, start, status, attempt, created_at)
         VALUES (1, ?, 'admitting', ?, 'pending', ?, ?)`,
        schemaVersion,
        JSON.stringify(start),
        start.context.attempt,
        now,
      );
    });
    this.#row = readRow(this.#storage);
  }

  /** Forgets the cached row after the storage was emptied. */
  forget(): void {
    this.#row = null;
  }

  update(change: Partial<Omit<RunRow, "start" | "createdAt">>): void {
    const columns = toColumns(change);
    const names = Object.keys(columns);
    if (names.length === 0) return;
    const assignments = names.map((name) => `${name} = ?`).join(", ");
    this.#storage.sql.exec(`UPDATE run SET ${assignments} WHERE id = 1`, ...Object.values(columns));
    this.#row = { ...this.present, ...change };
  }
}

function toColumns(change: Partial<RunRow>): Record<string, SqlValue> {
  const columns: Record<string, SqlValue | undefined> = {
    phase: change.phase,
    history: change.history === undefined ? undefined : JSON.stringify(change.history),
    status: change.status,
    attempt: change.attempt,
    rev: change.rev,
    lease_credits: change.leaseCredits,
    is_cancel_requested:
      change.isCancelRequested === undefined ? undefined : Number(change.isCancelRequested),
    error_code: change.error === undefined ? undefined : (change.error?.code ?? null),
    error_message: change.error === undefined ? undefined : (change.error?.message ?? null),
    output: change.output,
    finish_tries: change.finishTries,
    started_at: change.startedAt,
    finished_at: change.finishedAt,
  };
  return Object.fromEntries(
    Object.entries(columns).filter((entry): entry is [string, SqlValue] => entry[1] !== undefined),
  );
}

type StoredRow = Record<string, SqlValue>;

function readRow(storage: RunStorage): RunRow | null {
  const [stored] = storage.sql.exec<StoredRow>("SELECT * FROM run WHERE id = 1").toArray();
  if (stored === undefined) return null;
  const text = (name: string) => stored[name] as string;
  const number = (name: string) => stored[name] as number;
  const code = stored["error_code"] as AiErrorCode | null;
  return {
    phase: text("phase") as RunPhase,
    start: JSON.parse(text("start")) as StartRun,
    history: JSON.parse(text("history")) as ChatMessage[],
    status: text("status") as RunStatus,
    attempt: number("attempt"),
    rev: number("rev"),
    leaseCredits: number("lease_credits"),
    isCancelRequested: number("is_cancel_requested") === 1,
    error: code === null ? null : { code, message: (stored["error_message"] ?? "") as string },
    output: stored["output"] as string | null,
    finishTries: number("finish_tries"),
    createdAt: number("created_at"),
    startedAt: stored["started_at"] as number | null,
    finishedAt: stored["finished_at"] as number | null,
  };
}
