import type { SettledFrame } from "../../protocol.ts";
import type { LoggedEvent } from "./event-log.ts";

/** Proxies close quiet connections; a comment keeps them open. */
const commentEveryMs = 15_000;
/** A reader this many events behind is cut off; it can come back with `Last-Event-ID`. */
const backlogMax = 10_000;

const encoder = new TextEncoder();

/** Viewers over Server-Sent Events. They live in memory: a reader whose connection ends comes back with its cursor. */
export class SseViewers {
  readonly #controllers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  #commentTimer: ReturnType<typeof setInterval> | null = null;

  /** With `end` the stream ends after the events: the run is over, or waits for a person. */
  open(events: readonly LoggedEvent[], end: SettledFrame | "waiting" | null): Response {
    let own: ReadableStreamDefaultController<Uint8Array> | null = null;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        for (const event of events) controller.enqueue(eventBlock(event));
        if (end === null) this.#add(controller);
        else if (end === "waiting") controller.close();
        else this.#finish(controller, end);
      },
      cancel: () => {
        if (own !== null) this.#remove(own);
      },
    });
    return new Response(stream, {
      headers: {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      },
    });
  }

  publish(event: LoggedEvent): void {
    if (this.#controllers.size === 0) return;
    const block = eventBlock(event);
    for (const controller of this.#controllers) this.#send(controller, block);
  }

  /** The run waits for a person: readers come back with their cursor when it goes on. */
  pause(): void {
    for (const controller of this.#controllers) {
      this.#remove(controller);
      controller.close();
    }
  }

  settle(frame: SettledFrame): void {
    for (const controller of this.#controllers) {
      this.#remove(controller);
      this.#finish(controller, frame);
    }
  }

  #send(controller: ReadableStreamDefaultController<Uint8Array>, block: Uint8Array): void {
    controller.enqueue(block);
    if ((controller.desiredSize ?? 0) > -backlogMax) return;
    this.#remove(controller);
    controller.close();
  }

  #add(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controllers.add(controller);
    this.#commentTimer ??= setInterval(() => {
      const comment = encoder.encode(": still here\n\n");
      for (const reader of this.#controllers) this.#send(reader, comment);
    }, commentEveryMs);
  }

  #remove(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controllers.delete(controller);
    if (this.#controllers.size > 0 || this.#commentTimer === null) return;
    clearInterval(this.#commentTimer);
    this.#commentTimer = null;
  }

  #finish(controller: ReadableStreamDefaultController<Uint8Array>, frame: SettledFrame): void {
    controller.enqueue(encoder.encode(`event: settled\ndata: ${JSON.stringify(frame)}\n\n`));
    controller.close();
  }
}

function eventBlock({ seq, type, json }: LoggedEvent): Uint8Array {
  return encoder.encode(`id: ${seq}\nevent: ${type}\ndata: ${json}\n\n`);
}
