import type { AiError } from "../../ports/ai-event.ts";
import { listOpenModels } from "../journal/call-rows.ts";
import { drive } from "./drive.ts";
import type { OpenRun } from "../open-run.ts";
import { wallReached } from "../run-errors.ts";
import { StopSwitch } from "./stop-switch.ts";

/** Longer than it takes to close an upstream and its siblings; who is not done by then never will be. */
export const stopGraceMs = 60_000;

/** Longer than an upstream may take (`defaultLimits.totalMsMax`): only its end says what a drained call has used. */
const drainMsMax = 15 * 60_000;

export interface DriverDeps {
  /** The driver broke off with an error. Must not throw. */
  failed: (run: OpenRun, error: unknown) => void;
  /** The driver was stopped, for this reason, and does not end. Must not throw. */
  hung: (run: OpenRun, reason: AiError | null) => void;
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

  /**
   * Detached from every request: the run goes on to its end whether or not anybody waits. `isFirst`: nobody has driven it
   * before, so there is no call of it yet, nor anything else that a driver leaves.
   */
  start(run: OpenRun, isFirst = false): void {
    const { start, drivingSince } = run.state.present;
    const { maxWallSeconds } = start.limits;
    const { clock, delay } = run.deps;
    const now = clock.now();
    const stop = new StopSwitch();
    this.#stop = stop;
    const idle = Promise.withResolvers<void>();
    this.#driving = idle.promise;
    const end = () => {
      // Given up as hung before: whatever it does now is nobody's business any more.
      if (this.#stop !== stop) return;
      for (const callOff of timers) callOff();
      this.#stop = null;
      idle.resolve();
      this.#deps.ended();
    };
    const timers = [
      delay((drivingSince ?? now) + maxWallSeconds * 1_000 - now, () =>
        stop.stop(wallReached(maxWallSeconds)),
      ),
    ];
    stop.signal.addEventListener("abort", () => {
      const waitUntil = clock.now() + drainMsMax;
      const giveUp = () => {
        if (isDraining(run) && clock.now() < waitUntil) {
          timers.push(delay(stopGraceMs, giveUp));
          return;
        }
        this.#deps.hung(run, stop.reason);
        end();
      };
      timers.push(delay(stopGraceMs, giveUp));
    });
    drive(run, isFirst, stop)
      .catch((error: unknown) => {
        if (this.#stop === stop) this.#deps.failed(run, error);
      })
      .then(end, end);
  }

  /** Resolves when nothing is driven: what a drive still had under way has ended too, or was given up. */
  idle(): Promise<void> {
    return this.#driving;
  }

  /** null: a person stopped it. */
  stop(reason: AiError | null): void {
    this.#stop?.stop(reason);
  }
}

function isDraining({ deps }: OpenRun): boolean {
  return listOpenModels(deps.storage).some((model) => deps.drainsOnStop(model));
}
