/**
 * What can be seen of a run from outside, in about the order in which it happens. The first five are the gateway's and
 * are reached before its next byte is sent; the others are the client's.
 */
export const momentNames = [
  "received",
  "headers",
  "chunk",
  "last",
  "end",
  "posted",
  "created",
  "done",
  "interrupted",
  "answering",
  "answered",
  "cancelling",
  "retrying",
  "restarted",
  "recovering",
] as const;

export type Moment = (typeof momentNames)[number];

interface Armed {
  moment: Moment;
  /** Passes this often before it counts. */
  skip: number;
  act: () => void;
}

/** Where gateway, clients and host say what has just happened, and the killer waits for it. */
export class Moments {
  #armed: Armed | null = null;

  /** `act` is called once, inside the call that reports the moment. */
  arm(moment: Moment, skip: number, act: () => void): void {
    this.#armed = { moment, skip, act };
  }

  disarm(): void {
    this.#armed = null;
  }

  reached(moment: Moment): void {
    const armed = this.#armed;
    if (armed?.moment !== moment) return;
    if (armed.skip > 0) {
      armed.skip -= 1;
      return;
    }
    this.#armed = null;
    armed.act();
  }
}
