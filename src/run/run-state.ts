import { assert } from "../base/assert.ts";
import type { AiError, AiErrorCode } from "../ports/ai-event.ts";
import type { ChatMessage } from "../ports/completion.ts";
import type { Interrupt } from "../ports/graph-runner.ts";
import type { RunStatus, StartRun } from "../ports/run.ts";
import { StaleInstance } from "./stale-instance.ts";
import {
  createTables,
  hasTables,
  schemaVersion,
  upgrade,
  type RunStorage,
  type SqlValue,
} from "./storage.ts";

/**
 * Where the run stands on its way:
 * `admitting` (written before D1 is asked, so that a death in between is found again), `driving`, `finishing` (how the
 * attempt ended or that it waits is fixed, D1 does not know it yet), `settled` (D1 knows), `reopening` (to go on with an
 * answer or another attempt, written before D1 is asked).
 */
export type RunPhase = "admitting" | "driving" | "finishing" | "settled" | "reopening";

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
  /** Counts the drivers: whoever takes the run over raises it, and writes under an older number are refused. */
  epoch: number;
  /** Times the run was taken over since a call was settled. */
  recoveries: number;
  /** Settled calls as of the last recovery. */
  settledCalls: number;
  /** When this attempt began or went on after an answer: the wall limit counts from here. */
  drivingSince: number | null;
  /** Questions that wait for an answer. */
  interrupts: readonly Interrupt[];
  /** The last event's number when events were purged; null while they are kept. */
  purgedAtSeq: number | null;
  /** When the gateway's log began to be looked at for the usage of a run that ended; null: no look is due. */
  reconcileFrom: number | null;
  /** Looks at the log since then, those under way or lost included. */
  looks: number;
  /**
   * What the ledger had charged the run beyond its journal when it was last let in: a correction that the journal has not
   * taken in. It counts against the lease.
   */
  ledgerAheadCredits: number;
}

/**
 * Whether the run can go on from checkpoints. Drivers of the first version kept none and had no epoch: the calls that
 * they settled would not be found again.
 */
export function keepsCheckpoints({ epoch }: Pick<RunRow, "epoch">): boolean {
  return epoch > 0;
}

/**
 * The deployment was rolled back, and this run belongs to the version that was there before. It is left alone until that is
 * back: whoever does not know all that is stored of a run may ask its model again for what was paid.
 */
export class NewerRun extends Error {
  override name = "NewerRun";

  constructor() {
    super("a newer version of this program has written this run");
  }
}

/**
 * The run's own row. Reads are cached, since one instance at a time writes; one that has been replaced and does not know
 * it yet is refused with `StaleInstance` at its next write.
 */
export class RunState {
  readonly #storage: RunStorage;
  #row: RunRow | null = null;
  #version = schemaVersion;

  /** Throws `NewerRun`. */
  constructor(storage: RunStorage) {
    this.#storage = storage;
    this.reload();
  }

  /** Reads the row afresh: after the storage was emptied, or written by another instance. */
  reload(): void {
    this.#take(hasTables(this.#storage) ? readStored(this.#storage) : null);
  }

  #take(stored: StoredRow | null): void {
    const version = stored === null ? schemaVersion : (stored["schema_version"] as number);
    if (version > schemaVersion) throw new NewerRun();
    this.#row = stored === null ? null : toRow(stored);
    this.#version = version;
  }

  /** null: there is no run here. */
  get row(): RunRow | null {
    return this.#row;
  }

  get present(): RunRow {
    assert(this.#row !== null, "the run exists");
    return this.#row;
  }

  /**
   * Reads the row afresh after a transaction that failed, as it was under `epoch`. Throws `StaleInstance` when it failed
   * because another instance has taken the run over: its row must not become this one's.
   */
  rollBack(epoch: number | undefined): void {
    const stored = hasTables(this.#storage) ? readStored(this.#storage) : null;
    if ((stored === null ? undefined : toRow(stored).epoch) !== epoch) throw new StaleInstance();
    this.reload();
  }

  create(start: StartRun, now: number): void {
    this.#storage.transactionSync(() => {
      createTables(this.#storage);
      this.#storage.sql.exec(
        `INSERT INTO run (id, schema_version, phase, start, status, attempt, created_at)
         VALUES (1, ?, 'admitting', ?, 'pending', ?, ?)`,
        schemaVersion,
        JSON.stringify(start),
        start.context.attempt,
        now,
      );
    });
    this.#row = newRow(start, now);
    this.#version = schemaVersion;
  }

  /** Throws `StaleInstance`, with nothing written, when another instance has taken the run over. */
  update(change: Partial<Omit<RunRow, "createdAt">>): void {
    const columns = toColumns(change);
    const names = Object.keys(columns);
    if (names.length === 0) return;
    this.bringUpToDate();
    const { epoch } = this.present;
    const assignments = names.map((name) => `${name} = ?`).join(", ");
    const { rowsWritten } = this.#storage.sql.exec(
      `UPDATE run SET ${assignments} WHERE id = 1 AND epoch = ?`,
      ...Object.values(columns),
      epoch,
    );
    if (rowsWritten === 0) throw new StaleInstance();
    this.#row = { ...this.present, ...change };
  }

  /** Throws `StaleInstance` when another instance has taken the run over, or has emptied its storage. */
  requireCurrentRow(): void {
    if (!hasTables(this.#storage)) throw new StaleInstance();
    this.requireCurrent();
  }

  /** Throws `StaleInstance` when another instance has taken the run over. */
  requireCurrent(): void {
    const [row] = this.#storage.sql
      .exec<{ epoch: number }>("SELECT epoch FROM run WHERE id = 1")
      .toArray();
    if (row?.epoch !== this.present.epoch) throw new StaleInstance();
  }

  /** A run of an older version is brought up to date by its first write: looking at it changes nothing. */
  bringUpToDate(): void {
    if (this.#version === schemaVersion) return;
    this.#storage.transactionSync(() => {
      upgrade(this.#storage, this.#version);
      this.#storage.sql.exec("UPDATE run SET schema_version = ?", schemaVersion);
    });
    this.#version = schemaVersion;
  }
}

function toColumns(change: Partial<RunRow>): Record<string, SqlValue> {
  const columns: Record<string, SqlValue | undefined> = {
    phase: change.phase,
    start: change.start === undefined ? undefined : JSON.stringify(change.start),
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
    epoch: change.epoch,
    recoveries: change.recoveries,
    settled_calls: change.settledCalls,
    driving_since: change.drivingSince,
    interrupts: change.interrupts === undefined ? undefined : JSON.stringify(change.interrupts),
    purged_at_seq: change.purgedAtSeq,
    reconcile_from: change.reconcileFrom,
    looks: change.looks,
    ledger_ahead_credits: change.ledgerAheadCredits,
  };
  return Object.fromEntries(
    Object.entries(columns).filter((entry): entry is [string, SqlValue] => entry[1] !== undefined),
  );
}

/** As `create` writes it. */
function newRow(start: StartRun, now: number): RunRow {
  return {
    phase: "admitting",
    start,
    history: [],
    status: "pending",
    attempt: start.context.attempt,
    rev: 0,
    leaseCredits: 0,
    isCancelRequested: false,
    error: null,
    output: null,
    finishTries: 0,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
    epoch: 0,
    recoveries: 0,
    settledCalls: 0,
    drivingSince: null,
    interrupts: [],
    purgedAtSeq: null,
    reconcileFrom: null,
    looks: 0,
    ledgerAheadCredits: 0,
  };
}

type StoredRow = Record<string, SqlValue>;

function readStored(storage: RunStorage): StoredRow | null {
  return storage.sql.exec<StoredRow>("SELECT * FROM run WHERE id = 1").toArray()[0] ?? null;
}

/** Columns that came with a later version have their defaults in a row that is older. */
function toRow(stored: StoredRow): RunRow {
  const text = (name: string) => stored[name] as string;
  const number = (name: string) => (stored[name] ?? 0) as number;
  const numberOrNull = (name: string) => (stored[name] ?? null) as number | null;
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
    startedAt: numberOrNull("started_at"),
    finishedAt: numberOrNull("finished_at"),
    epoch: number("epoch"),
    recoveries: number("recoveries"),
    settledCalls: number("settled_calls"),
    drivingSince: numberOrNull("driving_since") ?? numberOrNull("started_at"),
    interrupts: JSON.parse((stored["interrupts"] ?? "[]") as string) as Interrupt[],
    purgedAtSeq: numberOrNull("purged_at_seq"),
    reconcileFrom: numberOrNull("reconcile_from"),
    looks: number("looks"),
    ledgerAheadCredits: number("ledger_ahead_credits"),
  };
}
