import type { OpenRun } from "../open-run.ts";
import { lookAtLog } from "./look-at-log.ts";
import { armAlarm } from "./arm-alarm.ts";

/** The looks of one instance at the gateway's log, one at a time. */
export class LogLooks {
  #look: { done: Promise<void>; abort: () => void } | null = null;

  get isBusy(): boolean {
    return this.#look !== null;
  }

  /** Joins the look that is under way. The alarm is set first, so that a look which is lost is followed by another. */
  async take(run: OpenRun): Promise<void> {
    if (this.#look !== null) return this.#look.done;
    const stop = new AbortController();
    const done = lookAtLog(run, stop.signal).finally(() => (this.#look = null));
    this.#look = { done, abort: () => stop.abort() };
    await Promise.all([armAlarm(run), done]);
  }

  /** For a run that goes on: it does so from figures that agree with the ledger's, and does not wait for a gateway. */
  async end(): Promise<void> {
    while (this.#look !== null) {
      this.#look.abort();
      await this.#look.done.catch(() => {});
    }
  }
}
