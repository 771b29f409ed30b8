/**
 * A piece of text travels through every layer up to the event log, which costs more than reading it: the first goes out
 * at once, later ones at this pace. Far below the frames in which viewers get text.
 */
export const pieceSpanMs = 25;

/** Text on its way from code that pushes to a stream that is pulled, gathered into pieces. */
export class GatheredText {
  #text = "";
  #isClosed = false;
  #isRipe = false;
  #lastPieceAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #wakeReader: (() => void) | null = null;

  add(delta: string): void {
    this.#text += delta;
    if (this.#timer !== null || this.#isRipe) return;
    const waitMs = this.#lastPieceAt + pieceSpanMs - Date.now();
    if (waitMs <= 0) this.#ripen();
    else this.#timer = setTimeout(() => this.#ripen(), waitMs);
  }

  /** What was added is still read. */
  close(): void {
    this.#isClosed = true;
    this.#ripen();
  }

  async *read(): AsyncGenerator<string, void> {
    for (;;) {
      if (!this.#isRipe) await new Promise<void>((resolve) => (this.#wakeReader = resolve));
      this.#isRipe = false;
      this.#lastPieceAt = Date.now();
      const piece = this.#text;
      this.#text = "";
      const isLast = this.#isClosed;
      if (piece !== "") yield piece;
      if (isLast) return;
    }
  }

  #ripen(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#isRipe = true;
    this.#wakeReader?.();
    this.#wakeReader = null;
  }
}
