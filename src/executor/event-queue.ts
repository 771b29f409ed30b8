import type { AiEvent } from "../ports/ai-event.ts";

/** Enough for a burst of parallel nodes; beyond it the producer waits, so that nothing is dropped and memory is bounded. */
const capacity = 256;

/** Carries events from code that pushes (a graph's nodes) to a stream that is pulled. Bounded: `push` waits when full. */
export class EventQueue {
  #events: AiEvent[] = [];
  #isClosed = false;
  #wakeReader: (() => void) | null = null;
  #wakeWriters: (() => void)[] = [];

  push(event: AiEvent): Promise<void> | void {
    if (this.#isClosed) return;
    this.#events.push(event);
    this.#wakeReader?.();
    if (this.#events.length < capacity) return;
    return new Promise((resolve) => this.#wakeWriters.push(resolve));
  }

  /** What is queued is still read; later pushes are ignored. */
  close(): void {
    this.#isClosed = true;
    this.#wakeReader?.();
    this.#releaseWriters();
  }

  async *read(): AsyncGenerator<AiEvent> {
    for (;;) {
      const batch = this.#events;
      this.#events = [];
      this.#releaseWriters();
      yield* batch;
      if (this.#events.length > 0) continue;
      if (this.#isClosed) return;
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
      this.#wakeReader = null;
    }
  }

  #releaseWriters(): void {
    const waiting = this.#wakeWriters;
    this.#wakeWriters = [];
    for (const release of waiting) release();
  }
}
