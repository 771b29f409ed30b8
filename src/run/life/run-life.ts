import { describeBug } from "../../base/log.ts";
import { keyOfAnother } from "../../billing/admission.ts";
import type { AiError } from "../../ports/ai-event.ts";
import type { JsonValue } from "../../ports/json.ts";
import type {
  GoOnOutcome,
  GoOnRefusal,
  LiveRun,
  RunCall,
  StartOutcome,
  StartRefusal,
  StartRun,
} from "../../ports/run.ts";
import { armAlarm } from "./arm-alarm.ts";
import { beginRun } from "./begin-run.ts";
import { listCalls, noTotals } from "../journal/call-rows.ts";
import { Driver } from "./driver.ts";
import { endRun } from "./end-run.ts";
import { decideResume, decideRetry, type GoOnDecision } from "./go-on.ts";
import { LogLooks } from "./log-looks.ts";
import { liesIdle, settledDue, type SettledDue } from "./next-alarm.ts";
import { openRun, type OpenRun, type RunDeps } from "../open-run.ts";
import { purgeRun } from "./purge.ts";
import { beginReopening, reopen } from "./reopening.ts";
import { askAgain, brokeOff } from "../run-errors.ts";
import { type RunRow, RunState } from "../run-state.ts";
import { viewRun } from "../viewers/run-view.ts";
import { drainOutbox, settleRun } from "./settle-run.ts";
import { StaleInstance } from "../stale-instance.ts";
import { endStopped, takeOver } from "./take-over.ts";
import { Turns } from "./turns.ts";

/**
 * The life of one run: admit, begin, drive, settle; wait for a person and go on, or be tried again. Every step leaves the
 * row in a phase from which any later wake-up (an alarm, a request) goes on; the Durable Object around this only forwards.
 */
export class RunLife {
  readonly #deps: RunDeps;
  readonly #state: RunState;
  readonly #driver: Driver;
  #run: OpenRun | null;
  /** Admissions, reopenings and the second looks at them: each decides what becomes of the row, and asks D1 in between. */
  readonly #turns = new Turns();
  #settling: Promise<void> | null = null;
  readonly #looks = new LogLooks();
  #isRetired = false;

  constructor(deps: RunDeps) {
    this.#deps = deps;
    this.#state = new RunState(deps.storage);
    this.#run = this.#state.row === null ? null : openRun(deps, this.#state);
    this.#driver = new Driver({
      failed: (run, error) => this.#driverFailed(run, error),
      hung: (run, reason) => this.#driverHung(run, reason),
      ended: () => void this.wake(),
    });
  }

  /** The run, for viewers of its account; null for anybody else. Whoever looks at a run that lies idle sets it going. */
  runOf(accountId: string): OpenRun | null {
    const row = this.#state.row;
    const isTheirs = row !== null && row.start.context.billingAccountId === accountId;
    if (!isTheirs || row.phase === "admitting") return null;
    if (this.#isIdle(row)) void this.wake();
    return this.#run;
  }

  view(accountId: string): LiveRun | null {
    const run = this.runOf(accountId);
    return run === null ? null : viewRun(run);
  }

  calls(accountId: string): RunCall[] | null {
    const run = this.runOf(accountId);
    return run === null ? null : listCalls(this.#deps.storage);
  }

  /** Idempotent: the same request again returns the same run; another request under its id is refused. */
  start(start: StartRun): Promise<StartOutcome> {
    return this.#turns.take(async () => {
      const row = this.#state.row;
      if (row === null) return this.#admit(start);
      if (row.start.context.billingAccountId !== start.context.billingAccountId) {
        return refuse("not_found", "There is no such run.");
      }
      if (row.start.requestHash !== start.requestHash) {
        return refuse("idempotency_conflict", keyOfAnother);
      }
      if (row.phase === "admitting" || this.#run === null) return this.#admit(row.start);
      if (this.#isIdle(row)) void this.wake();
      return { ok: true, created: false, run: viewRun(this.#run) };
    });
  }

  /** Null: no such run for this account. `accepted` is false when it has ended or is being stopped already. */
  cancel(accountId: string): { accepted: boolean; run: LiveRun } | null {
    const run = this.runOf(accountId);
    return run === null ? null : { accepted: this.#stop(), run: viewRun(run) };
  }

  /** For a socket of this very run, whose account was checked when it was opened. */
  cancelOwn(): void {
    if (this.#run !== null) this.#stop();
  }

  /** Answers a question of the run. Null: no such run for this account. */
  async resume(
    accountId: string,
    answer: { interruptId: string | null; value: JsonValue },
  ): Promise<GoOnOutcome | null> {
    return this.runOf(accountId) === null ? null : this.resumeOwn(answer);
  }

  /** For a socket of this very run, whose account was checked when it was opened. */
  resumeOwn(answer: { interruptId: string | null; value: JsonValue }): Promise<GoOnOutcome> {
    return this.#goOn(({ state, answers }) => decideResume(state.present, answers, answer));
  }

  /** Another attempt, from the last checkpoint. Null: no such run for this account. */
  async retry(accountId: string): Promise<GoOnOutcome | null> {
    return this.runOf(accountId) === null
      ? null
      : this.#goOn(({ state }) => decideRetry(state.present));
  }

  /**
   * Looks at the run and does what is due; false when there is no run here. Never throws: an alarm that throws is dropped
   * after some repeats.
   */
  async wake(): Promise<boolean> {
    const row = this.#state.row;
    if (row === null) return false;
    if (this.#isRetired) return true;
    try {
      if (row.phase === "admitting") await this.#turns.take(() => this.#recheckAdmission());
      else if (row.phase === "reopening") await this.#turns.take(() => this.#recheckReopening());
      else if (this.#run !== null) await this.#attend(this.#run);
    } catch (error) {
      this.#failed("run.wake_failed", error);
      await this.#tryToArmAlarm();
    }
    return true;
  }

  /** For the cron: D1 has a run of this id, and this object has none. In its turn, so that no start comes in between. */
  giveUp(runId: string): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#state.row === null) await this.#deps.ledger.giveUp(runId);
    });
  }

  /**
   * For the cron: looks at the gateway's log although the run's own looks are over, because D1 has it as not reconciled
   * yet; false when there is no run here. Never throws.
   */
  async reconcile(): Promise<boolean> {
    const run = this.#run;
    if (run === null) return false;
    const { phase, status } = this.#state.present;
    // One that waits for a person looks when it has ended.
    if (this.#isRetired || phase !== "settled" || status === "interrupted") return true;
    try {
      await this.#looks.take(run);
      await armAlarm(run);
    } catch (error) {
      this.#failed("run.look_failed", error);
    }
    return true;
  }

  #isIdle(row: RunRow): boolean {
    if (this.#isRetired) return false;
    return liesIdle(row.phase, {
      isDriven: this.#driver.isBusy,
      isSettling: this.#settling !== null,
      isInTurn: this.#turns.isBusy,
      isLooking: this.#looks.isBusy,
      isDue: this.#dueOf(row) !== null,
    });
  }

  #dueOf(row: RunRow): SettledDue {
    return settledDue(row, this.#deps.clock.now(), this.#deps.retentionMs);
  }

  async #attend(run: OpenRun): Promise<void> {
    const row = this.#state.present;
    if (row.phase === "driving") {
      if (this.#driver.isBusy) {
        await armAlarm(run);
        await drainOutbox(run);
        return;
      }
      if (takeOver(run)) {
        this.#driver.start(run);
        await armAlarm(run);
        return;
      }
    }
    if (row.phase === "settled") {
      const due = this.#dueOf(row);
      if (due === "end") endStopped(run);
      if (due === "look") await this.#looks.take(run);
      if (due === "purge") purgeRun(run);
      await armAlarm(run);
    }
    if (this.#state.present.phase !== "finishing") return;
    await this.#settle(run);
    // An alarm that met a settling which had failed already, and only joined it, was its only one.
    if (this.#state.present.phase === "finishing") await armAlarm(run);
  }

  #stop(): boolean {
    const { phase, status, isCancelRequested } = this.#state.present;
    const isActive = phase === "driving" || phase === "reopening" || status === "interrupted";
    if (!isActive || isCancelRequested) return false;
    this.#state.update({ isCancelRequested: true });
    if (this.#driver.isBusy) this.#driver.stop(null);
    else if (phase === "settled") {
      void this.#tryToArmAlarm();
      void this.wake();
    }
    // Else whoever tells D1 that the run waits, or asks it to let the run in, ends it afterwards.
    return true;
  }

  /**
   * The row is written before D1 is asked: a death in between leaves a trace, and the alarm finds out what D1 decided.
   * A refusal leaves nothing behind, unless an earlier attempt got no answer.
   */
  async #admit(start: StartRun): Promise<StartOutcome> {
    const isRepeat = this.#state.row !== null;
    if (!isRepeat) this.#state.create(start, this.#deps.clock.now());
    await this.#armAlarm();
    this.#deps.crashPoint("admission.written");
    try {
      const admission = await this.#deps.ledger.admit(start);
      this.#deps.crashPoint("admission.answered");
      if (admission.kind === "refused") {
        if (!isRepeat && admission.isAmbiguous !== true) await this.#vanish();
        const { code, message, isTemporary = false } = admission;
        return { ok: false, code, message, isTemporary };
      }
      const { history, leaseCredits, rev } = admission;
      const run = this.#begin({ history, leaseCredits, rev });
      const view = viewRun(run, noTotals);
      // Before the next await: an alarm that finds a run without a driver takes it for lost.
      this.#driver.start(run, true);
      await armAlarm(run);
      return { ok: true, created: true, run: view };
    } catch (error) {
      this.#failed("run.admission_failed", error);
      await this.#tryToArmAlarm();
      return refuse(
        "provider_unavailable",
        "The ledger could not be reached. Try again with the same Idempotency-Key.",
      );
    }
  }

  #begin(admitted: Pick<RunRow, "history" | "leaseCredits" | "rev">): OpenRun {
    this.#run = beginRun(openRun(this.#deps, this.#state), admitted);
    return this.#run;
  }

  /** Nobody came back after an admission without an answer: what D1 has let in runs late rather than never. */
  async #recheckAdmission(): Promise<void> {
    if (this.#state.row?.phase !== "admitting") return;
    const { start } = this.#state.present;
    const found = await this.#deps.ledger.find(start.context.runId);
    if (found === null || found.status === "skipped") await this.#vanish();
    else await this.#admit(start);
  }

  #goOn(decide: (run: OpenRun) => GoOnDecision): Promise<GoOnOutcome> {
    return this.#turns.take(async () => {
      const run = this.#run;
      if (run === null) return refuse("not_found", "There is no such run.");
      this.#state.bringUpToDate();
      // D1 has to know that the run waits or has ended before it can be asked to let it in again.
      if (this.#state.present.phase !== "driving") await this.#driver.idle();
      if (this.#state.present.phase === "finishing") await this.#settle(run);
      // A request that is refused calls no look off.
      if (decide(run).kind === "reopen") await this.#looks.end();
      const decision = decide(run);
      if (decision.kind === "refused") return refuse(decision.code, decision.message);
      if (decision.kind === "repeated") return { ok: true, repeated: true, run: viewRun(run) };
      const { phase } = this.#state.present;
      if (phase === "reopening") return refuse("conflict", "This run is about to go on already.");
      if (phase !== "settled") return refuse("provider_unavailable", askAgain);
      beginReopening(run, decision);
      return this.#reopen(run);
    });
  }

  #reopen(run: OpenRun): Promise<GoOnOutcome> {
    return reopen(run, {
      drive: () => this.#driver.start(run),
      ended: () => void this.wake(),
      failed: (error) => this.#report("run.reopening_failed", error),
    });
  }

  async #recheckReopening(): Promise<void> {
    if (this.#run !== null && this.#state.row?.phase === "reopening") await this.#reopen(this.#run);
  }

  /** What cannot be ended now is found without a driver by the next wake-up, and taken over. */
  #driverFailed(run: OpenRun, error: unknown): void {
    this.#failed("run.driver_failed", error);
    if (this.#isRetired || this.#state.present.phase !== "driving") return;
    try {
      endRun(run, { status: "error", error: brokeOff, answer: null });
    } catch (bug) {
      this.#failed("run.driver_failed", bug);
    }
  }

  #driverHung(run: OpenRun, reason: AiError | null): void {
    this.#report("run.driver_hung", new Error("a stopped driver did not end"));
    try {
      endStopped(run, reason);
    } catch (bug) {
      this.#failed("run.driver_hung", bug);
    }
  }

  async #settle(run: OpenRun): Promise<void> {
    this.#settling ??= this.#tellLedger(run).finally(() => (this.#settling = null));
    await this.#settling;
  }

  async #tellLedger(run: OpenRun): Promise<void> {
    await settleRun(run);
    this.#deps.crashPoint("finish.noted");
    const { phase, status, isCancelRequested } = this.#state.present;
    if (phase === "settled" && status === "interrupted" && isCancelRequested) {
      endStopped(run);
      await settleRun(run);
    }
  }

  #failed(event: string, error: unknown): void {
    if (error instanceof StaleInstance) this.#retire();
    else this.#report(event, error);
  }

  /** Another instance drives this run. This one forgets what it was about to write, and does nothing any more. */
  #retire(): void {
    this.#isRetired = true;
    this.#driver.stop(null);
    this.#run?.events.discard();
    this.#deps.abandon();
  }

  async #vanish(): Promise<void> {
    this.#state.requireCurrentRow();
    await this.#deps.deleteStorage();
    this.#state.reload();
    this.#run = null;
  }

  #armAlarm(): Promise<void> {
    return armAlarm({ state: this.#state, deps: this.#deps });
  }

  /** Where storage itself is lost, so is this object: the next one finds the alarm that was set before. */
  async #tryToArmAlarm(): Promise<void> {
    if (this.#isRetired) return;
    try {
      await this.#armAlarm();
    } catch (error) {
      this.#report("run.alarm_failed", error);
    }
  }

  #report(event: string, error: unknown): void {
    const runId = this.#state.row?.start.context.runId;
    this.#deps.log.log("error", event, { runId, ...describeBug(error) });
  }
}

function refuse<Code extends StartRefusal | GoOnRefusal>(code: Code, message: string) {
  return { ok: false, code, message } as const;
}
