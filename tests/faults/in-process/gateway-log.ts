/** One call as the model's side saw it. */
export interface GatewayCall {
  callId: string;
  dispatchId: string;
  unitId: string;
  /** `runId/attempt`. */
  endUser: string;
  /** A 2xx status went out: it must have exactly one receipt. */
  answered: boolean;
}

/** The model's side of a scripted run: the oracle for what must have been billed. It outlives every crash. */
export class GatewayLog {
  readonly calls: GatewayCall[] = [];
  /** While true, calls wait before their last chunk. */
  isHeld = false;
  #waiting: (() => void)[] = [];

  receive(names: Pick<GatewayCall, "callId" | "dispatchId" | "endUser">): GatewayCall {
    const call = { ...names, unitId: `unit-${this.calls.length + 1}`, answered: false };
    this.calls.push(call);
    return call;
  }

  /** Resolves when calls may go on, or the signal is aborted. */
  async pass(signal: AbortSignal): Promise<void> {
    while (this.isHeld && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  release(): void {
    this.isHeld = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
