import type { AiError } from "../ports/ai-event.ts";
import { drive } from "./drive.ts";
import type { OpenRun } from "./open-run.ts";
import { wallReached } from "./run-errors.ts";
import { StopSwitch } from "./stop-switch.ts";

export interface DriverDeps {
  /** The driver broke off with an error. Must not throw. */
  failed: (run: OpenRun, error: unknown) => void;
  /** Called after every drive, however it ended. */
  ended: () => void;
}

/** The one place of an instance for a driver: there is none, or one. */
export class Driver {
  readonly #deps: DriverDeps;
  #stop: StopSwitch | null = null;
  #driving: Promise<void> = Promise.resolve();

  constructor(deps: DriverDeps) {
    this.#deps = deps;
  }

  get isBusy(): boolean {
    return this.#stop !== null;
  }

  /** Detached from every request: the run goes on to its end whether or not anybody waits. */
  start(run: OpenRun): void {
    const { start, drivingSince } = run.state.present;
    const { maxWallSeconds } = start.limits;
    const now = run.deps.clock.now();
    const stop = new StopSwitch();
    this.#stop = stop;
    const callOff = run.deps.delay((drivingSince ?? now) + maxWallSeconds * 1_000 - now, () =>
      stop.stop(wallReached(maxWallSeconds)),
    );
    this.#driving = this.#drive(run, stop, callOff);
  }

  async #drive(run: OpenRun, stop: StopSwitch, callOff: () => void): Promise<void> {
    try {
      await drive(run, stop);
    } catch (error) {
      this.#deps.failed(run, error);
    }
    callOff();
    this.#stop = null;
    this.#deps.ended();
  }

  /** Resolves when nothing is driven: what a drive still had under way has ended too. */
  idle(): Promise<void> {
    return this.#driving;
  }

  /** null: a person stopped it. */
  stop(reason: AiError | null): void {
    this.#stop?.stop(reason);
  }
}
