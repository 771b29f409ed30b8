import type { AiError } from "../../ports/ai-event.ts";

/** Stops a driver, for a reason that becomes the run's error; null when a person stopped it. */
export class StopSwitch {
  readonly #controller = new AbortController();
  reason: AiError | null = null;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  stop(reason: AiError | null): void {
    if (this.signal.aborted) return;
    this.reason = reason;
    this.#controller.abort();
  }
}
