export interface UpstreamLimits {
  /** Before response headers. Models that think first send them late. */
  headersMsMax: number;
  /** Between two pieces of the body; gateways send comments or deltas far more often. */
  idleMsMax: number;
  /** For the whole call: below the 15 minutes for which pending I/O keeps a Durable Object alive. */
  totalMsMax: number;
  /** After `[DONE]`, until the upstream closes: reading to the end lets the connection be used again. */
  closingMsMax: number;
}

export const defaultLimits: UpstreamLimits = {
  headersMsMax: 120_000,
  idleMsMax: 90_000,
  totalMsMax: 14 * 60_000,
  closingMsMax: 500,
};

/**
 * Watches the waits of one call. The timer is re-armed when it fires and not for every wait, because a stream has
 * thousands of waits. Time that the consumer takes between two waits does not count.
 */
export class UpstreamTimer {
  readonly #onExpired: () => void;
  readonly #total: ReturnType<typeof setTimeout>;
  #idle: ReturnType<typeof setTimeout> | null = null;
  #idleFiresAt = Infinity;
  #deadline = Infinity;

  constructor(totalMs: number, onExpired: () => void) {
    this.#onExpired = onExpired;
    this.#total = setTimeout(onExpired, totalMs);
  }

  /** Something must come within `msMax`, until the next call of this. */
  expect(msMax: number): void {
    this.#deadline = Date.now() + msMax;
    if (this.#deadline < this.#idleFiresAt) this.#arm(msMax);
  }

  async wait<T>(promise: Promise<T>, msMax: number): Promise<T> {
    this.expect(msMax);
    try {
      return await promise;
    } finally {
      this.#deadline = Infinity;
    }
  }

  stop(): void {
    clearTimeout(this.#total);
    if (this.#idle !== null) clearTimeout(this.#idle);
  }

  #arm(ms: number): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idleFiresAt = Date.now() + ms;
    this.#idle = setTimeout(() => {
      this.#idleFiresAt = Infinity;
      const left = this.#deadline - Date.now();
      if (left <= 0) this.#onExpired();
      else if (left !== Infinity) this.#arm(left);
    }, ms);
  }
}
