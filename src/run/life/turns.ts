/** Work that is done one after the other, in the order of asking. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  /** Waiting or under way. */
  #taken = 0;

  get isBusy(): boolean {
    return this.#taken > 0;
  }

  take<T>(work: () => Promise<T>): Promise<T> {
    this.#taken += 1;
    const turn = this.#last.then(work).finally(() => (this.#taken -= 1));
    this.#last = turn.catch(() => {});
    return turn;
  }
}
