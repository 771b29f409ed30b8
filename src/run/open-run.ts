import type { Clock } from "../base/clock.ts";
import { describeBug, type Log } from "../base/log.ts";
import type { Admission } from "../billing/admission.ts";
import type { Reopening } from "../billing/reopen.ts";
import type { CommitReport, FinishReport, FinishRun } from "../billing/posting.ts";
import type { ReconcileOutcome, ReconcileRun } from "../billing/reconcile.ts";
import type { RecordBooks } from "../billing/record-books.ts";
import type { CreditCheck } from "../executor/with-preflight.ts";
import type { CallJournal } from "../ports/completion.ts";
import type { GraphExecutorPort } from "../ports/graph-executor.ts";
import type { CheckpointStorage } from "../ports/graph-runner.ts";
import type { RunStatus, StartRun } from "../ports/run.ts";
import type { BillingCommitFn, SourceSystem, UsageFact } from "../ports/usage-fact.ts";
import type { SettledFrame } from "../protocol.ts";
import { Answers } from "./life/answers.ts";
import type { CallCosts } from "./journal/call-rows.ts";
import type { CrashPoint } from "./crash-points.ts";
import { EventLog, type LoggedEvent } from "./viewers/event-log.ts";
import { Outbox } from "./journal/outbox.ts";
import type { RunState } from "./run-state.ts";
import type { RunStorage } from "./storage.ts";

/** The ledger as a run needs it. Each call is one D1 round trip, idempotent, repeated inside after ambiguous errors. */
export interface RunLedger {
  admit(start: StartRun): Promise<Admission>;
  /** Where an admission whose answer was lost stands; null when D1 never took it. */
  find(runId: string): Promise<{ status: RunStatus; rev: number; leaseCredits: number } | null>;
  /** Lets a run in again, to go on with an answer or as another attempt, and reserves its credit anew. */
  reopen(start: StartRun, wish: ReopenWish): Promise<Reopening>;
  topUp(runId: string, rev: number, leaseCredits: number): Promise<boolean>;
  commit(facts: readonly UsageFact[]): Promise<CommitReport>;
  finish(finish: FinishRun): Promise<FinishReport>;
  recordBooks(record: RecordBooks): Promise<void>;
  /** Ends a run that D1 let in long ago and no object has, with nothing used, and gives its hold back. */
  giveUp(runId: string): Promise<void>;
}

/** The gateway's own log of what it was asked, as one run needs it. */
export interface Reconciler {
  /** Whose calls the log has. */
  source: SourceSystem;
  /** Throws when D1 is unreachable. */
  reconcile(run: ReconcileRun, signal: AbortSignal): Promise<ReconcileOutcome>;
}

/** `rev` numbers this write of the D1 row; `chargedCredits` is what the run has cost so far. */
export interface ReopenWish {
  rev: number;
  attempt: number;
  chargedCredits: number;
}

/** What the executor of one driver is built from; see `compose.ts`. */
export interface ExecutorParts {
  journal: CallJournal;
  /** null: the graph's state is kept in memory. */
  checkpoints: CheckpointStorage | null;
  commit: BillingCommitFn;
  checkCredit: CreditCheck;
  /** What the run has used until now. */
  totals: () => CallCosts;
}

export interface RunDeps {
  storage: RunStorage;
  ledger: RunLedger;
  /** null: no gateway here has a log of its own. */
  reconciler: Reconciler | null;
  buildExecutor: (parts: ExecutorParts) => GraphExecutorPort;
  /** Credits charged for a fact: the function that also posts it. */
  priceOf: (fact: UsageFact) => number;
  /** Who serves a model, for the receipt of a call whose end nobody saw. */
  describeModel: (modelId: string) => Pick<UsageFact, "source" | "provider">;
  /** Whether a call of this model is read to its end when its run is stopped. */
  drainsOnStop: (modelId: string) => boolean;
  /** False for a run whose model is free. */
  needsCredit: (start: StartRun) => boolean;
  viewers: {
    publish(event: LoggedEvent): void;
    /** The run waits for a person. */
    pause(): void;
    settle(frame: SettledFrame): void;
  };
  /** null: no alarm. */
  setAlarm: (at: number | null) => Promise<void>;
  deleteStorage: () => Promise<void>;
  /** Ends this instance: another one has taken the run over. */
  abandon: () => void;
  /** How long the events of a finished run are kept. */
  retentionMs: number;
  crashPoint: (point: CrashPoint) => void;
  delay: (ms: number, callback: () => void) => () => void;
  clock: Clock;
  log: Log;
}

/** A run whose tables exist, with everything that acts on it. */
export interface OpenRun {
  readonly deps: RunDeps;
  readonly state: RunState;
  readonly events: EventLog;
  readonly outbox: Outbox;
  readonly answers: Answers;
  /** One transaction over the run's row, events and whatever else `work` writes. */
  atomically(work: () => void): void;
}

export function openRun(deps: RunDeps, state: RunState): OpenRun {
  const { storage, viewers, delay, clock } = deps;
  const events = new EventLog({
    storage,
    purgedAtSeq: state.row?.purgedAtSeq ?? 0,
    // The first event says that the run has begun.
    isNew: state.row?.phase === "admitting",
    publish(event) {
      try {
        viewers.publish(event);
      } catch (bug) {
        // The event is written: what goes wrong with a viewer must not look like a write that failed.
        const runId = state.row?.start.context.runId;
        deps.log.log("error", "run.viewer_failed", { runId, ...describeBug(bug) });
      }
    },
    crashPoint: deps.crashPoint,
    now: () => clock.now(),
    delay,
  });
  const outbox = new Outbox(storage);
  const answers = new Answers(storage);
  const atomically = (work: () => void) => {
    const epoch = state.row?.epoch;
    try {
      events.atomically(work);
    } catch (error) {
      state.rollBack(epoch);
      throw error;
    }
  };
  return { deps, state, events, outbox, answers, atomically };
}
