import { describeBug } from "../base/log.ts";
import type { AiError } from "../ports/ai-event.ts";
import type { LiveRun, RunCall, StartOutcome, StartRefusal, StartRun } from "../ports/run.ts";
import { listCalls } from "./call-rows.ts";
import { drive, endRun, StopSwitch } from "./drive.ts";
import { nextAlarm } from "./next-alarm.ts";
import { openRun, type OpenRun, type RunDeps } from "./open-run.ts";
import { type RunRow, RunState } from "./run-state.ts";
import { viewRun } from "./run-view.ts";
import { drainOutbox, settleRun } from "./settle-run.ts";

const lostDriver: AiError = {
  code: "internal",
  message:
    "The run's host was restarted in the middle of it. What it used is billed; calls that were under way cost nothing. Start it again.",
};
const stopped: AiError = { code: "aborted", message: "The run was stopped." };

/**
 * The life of one run: admit, begin, drive, settle. Every step leaves the row in a phase from which any later wake-up
 * (an alarm, a request) goes on; the Durable Object around this only forwards.
 */
export class RunLife {
  readonly #deps: RunDeps;
  readonly #state: RunState;
  #run: OpenRun | null;
  #turns: Promise<unknown> = Promise.resolve();
  /** Stops the driver of this instance; null when this instance drives nothing. */
  #driver: StopSwitch | null = null;
  #settling: Promise<void> | null = null;

  constructor(deps: RunDeps) {
    this.#deps = deps;
    this.#state = new RunState(deps.storage);
    this.#run = this.#state.row === null ? null : openRun(deps, this.#state);
  }

  /** The run, for viewers of its account; null for anybody else. */
  runOf(accountId: string): OpenRun | null {
    const row = this.#state.row;
    const isTheirs = row !== null && row.start.context.billingAccountId === accountId;
    return isTheirs && row.phase !== "admitting" ? this.#run : null;
  }

  view(accountId: string): LiveRun | null {
    const run = this.runOf(accountId);
    return run === null ? null : viewRun(run);
  }

  calls(accountId: string): RunCall[] | null {
    const run = this.runOf(accountId);
    return run === null ? null : listCalls(this.#deps.storage, run.outbox);
  }

  /** Idempotent: the same request again returns the same run; another request under its id is refused. */
  start(start: StartRun): Promise<StartOutcome> {
    return this.#inTurn(async () => {
      const row = this.#state.row;
      if (row === null) return this.#admit(start);
      if (row.start.context.billingAccountId !== start.context.billingAccountId) {
        return refuse("not_found", "There is no such run.");
      }
      if (row.start.requestHash !== start.requestHash) {
        return refuse(
          "idempotency_conflict",
          "This Idempotency-Key was used with another request. Use a new key.",
        );
      }
      if (row.phase === "admitting" || this.#run === null) return this.#admit(row.start);
      return { ok: true, created: false, run: viewRun(this.#run) };
    });
  }

  /** Null: no such run for this account. `accepted` is false when it has ended or is being stopped already. */
  cancel(accountId: string): { accepted: boolean; run: LiveRun } | null {
    const run = this.runOf(accountId);
    return run === null ? null : { accepted: this.#stop(run), run: viewRun(run) };
  }

  /** For a socket of this very run, whose account was checked when it was opened. */
  cancelOwn(): void {
    if (this.#run !== null) this.#stop(this.#run);
  }

  #stop(run: OpenRun): boolean {
    const row = this.#state.present;
    const accepted = row.phase === "driving" && !row.isCancelRequested;
    if (accepted) {
      this.#state.update({ isCancelRequested: true });
      if (this.#driver !== null) this.#driver.stop(null);
      else {
        this.#sealLost(run);
        void this.wake();
      }
    }
    return accepted;
  }

  /** Looks at the run and does what is due. Never throws: an alarm that throws is dropped after some repeats. */
  async wake(): Promise<void> {
    const row = this.#state.row;
    if (row === null) return;
    try {
      if (row.phase === "admitting") await this.#inTurn(() => this.#recheckAdmission());
      else if (this.#run !== null) await this.#attend(this.#run);
    } catch (error) {
      this.#report("run.wake_failed", error);
      await this.#armAlarm();
    }
  }

  async #attend(run: OpenRun): Promise<void> {
    if (this.#state.present.phase === "driving") {
      if (this.#driver === null) this.#sealLost(run);
      else {
        await this.#armAlarm();
        await drainOutbox(run);
      }
    }
    if (this.#state.present.phase === "finishing") await this.#settle(run);
  }

  /**
   * Admissions and the second look at them, one at a time: each decides what becomes of the row, and D1 is asked in
   * between.
   */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.then(work);
    this.#turns = turn.catch(() => {});
    return turn;
  }

  /**
   * The row is written before D1 is asked: a death in between leaves a trace, and the alarm finds out what D1 decided.
   * A refusal leaves nothing behind, unless an earlier attempt got no answer.
   */
  async #admit(start: StartRun): Promise<StartOutcome> {
    const isRepeat = this.#state.row !== null;
    if (!isRepeat) this.#state.create(start, this.#deps.clock.now());
    await this.#armAlarm();
    try {
      const admission = await this.#deps.ledger.admit(start);
      if (admission.kind === "refused") {
        if (!isRepeat && admission.isAmbiguous !== true) await this.#vanish();
        return refuse(admission.code, admission.message);
      }
      const { history, leaseCredits, rev } = admission;
      const run = this.#begin({ history, leaseCredits, rev });
      // Before the next await: an alarm that finds a run without a driver ends it.
      this.#drive(run);
      await this.#armAlarm();
      return { ok: true, created: true, run: viewRun(run) };
    } catch (error) {
      this.#report("run.admission_failed", error);
      await this.#armAlarm();
      return refuse(
        "provider_unavailable",
        "The ledger could not be reached. Try again with the same Idempotency-Key.",
      );
    }
  }

  #begin(admitted: Pick<RunRow, "history" | "leaseCredits" | "rev">): OpenRun {
    const { start, attempt } = this.#state.present;
    const { runId, graphId } = start.context;
    const run = openRun(this.#deps, this.#state);
    this.#run = run;
    run.events.atomically(() => {
      const startedAt = this.#deps.clock.now();
      this.#state.update({ ...admitted, phase: "driving", status: "running", startedAt });
      run.events.append({ type: "run_started", runId, attempt, graphId, model: start.model });
    });
    return run;
  }

  /**
   * Nobody came back after an admission without an answer. A slot runs late rather than never; any other request has
   * nobody who knows of the run, so what D1 may hold is released and nothing is run.
   */
  async #recheckAdmission(): Promise<void> {
    if (this.#state.row?.phase !== "admitting") return;
    const { start } = this.#state.present;
    const found = await this.#deps.ledger.find(start.context.runId);
    if (found === null) {
      await this.#vanish();
    } else if (start.scheduleId !== null) {
      await this.#admit(start);
    } else {
      const run = this.#begin({ ...found, history: [] });
      this.#sealLost(run);
      await this.#settle(run);
    }
  }

  /** Detached from every request: the run goes on to its end whether or not anybody waits. */
  #drive(run: OpenRun): void {
    const { start, startedAt } = this.#state.present;
    const { maxWallSeconds } = start.limits;
    const now = this.#deps.clock.now();
    const stop = new StopSwitch();
    this.#driver = stop;
    const callOff = this.#deps.delay((startedAt ?? now) + maxWallSeconds * 1_000 - now, () =>
      stop.stop(wallReached(maxWallSeconds)),
    );
    void drive(run, stop)
      .catch((error: unknown) => {
        this.#report("run.driver_failed", error);
        if (this.#state.present.phase === "driving") this.#sealLost(run);
      })
      .then(() => {
        callOff();
        this.#driver = null;
        return this.wake();
      });
  }

  /** Ends a run whose driver is gone, with what it used billed. */
  #sealLost(run: OpenRun): void {
    const wasStopped = this.#state.present.isCancelRequested;
    endRun(run, {
      status: wasStopped ? "cancelled" : "error",
      error: wasStopped ? stopped : lostDriver,
      output: null,
    });
  }

  async #settle(run: OpenRun): Promise<void> {
    this.#settling ??= settleRun(run).finally(() => (this.#settling = null));
    await this.#settling;
  }

  async #vanish(): Promise<void> {
    await this.#deps.deleteStorage();
    this.#state.forget();
    this.#run = null;
  }

  async #armAlarm(): Promise<void> {
    const row = this.#state.row;
    if (row !== null) await this.#deps.setAlarm(nextAlarm(row, this.#deps.clock.now()));
  }

  #report(event: string, error: unknown): void {
    const runId = this.#state.row?.start.context.runId;
    this.#deps.log.log("error", event, { runId, ...describeBug(error) });
  }
}

function wallReached(maxWallSeconds: number): AiError {
  return {
    code: "timeout",
    message: `The run reached its limit of ${maxWallSeconds} seconds (limits.maxWallSeconds). What was used is billed. Raise the limit, then start again.`,
  };
}

function refuse(code: StartRefusal, message: string): StartOutcome {
  return { ok: false, code, message };
}
