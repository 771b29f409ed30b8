import type { RunEvent } from "../../../src/ports/ai-event.ts";
import type { ServerFrame } from "../../../src/protocol.ts";
import { pause } from "./host.ts";
import type { ProductApi } from "./product-api.ts";

export interface SeenEvent {
  seq: number;
  event: RunEvent;
}

export interface Seen {
  events: SeenEvent[];
  /** What this viewer should never have been sent. */
  complaints: string[];
  /** How often it came back. */
  reconnects: number;
}

/** Called for what is new to the viewer; `isFresh` when it was not in the log yet when the viewer came (back). */
type OnEvent = (seen: SeenEvent, isFresh: boolean) => void;

const idleMsMax = 60_000;

/**
 * Watches a run until an attempt of it has settled, coming back with its cursor however often the product dies. Can be
 * asked again, to watch the next attempt.
 */
export class Viewer {
  readonly seen: Seen = { events: [], complaints: [], reconnects: 0 };
  readonly #api: ProductApi;
  readonly #runId: string;
  readonly #onEvent: OnEvent;

  constructor(api: ProductApi, runId: string, onEvent: OnEvent = () => {}) {
    this.#api = api;
    this.#runId = runId;
    this.#onEvent = onEvent;
  }

  async untilSettled(): Promise<void> {
    for (let settled = false; !settled;) {
      await this.#api.gate.passable();
      settled = await this.#watchOnce();
      if (settled) return;
      this.seen.reconnects += 1;
      await pause(30);
    }
  }

  get lastSeq(): number {
    return this.seen.events.at(-1)?.seq ?? 0;
  }

  /** One connection; true when it ended because the attempt has settled. */
  #watchOnce(): Promise<boolean> {
    const address = this.#api.url.replace("http", "ws");
    const cursor = this.lastSeq;
    const socket = new WebSocket(`${address}/api/v1/ai/runs/${this.#runId}/socket?after=${cursor}`);
    return new Promise((resolve) => {
      let isSettled = false;
      let headAtHello = Infinity;
      let idle: NodeJS.Timeout;
      const end = () => {
        clearTimeout(idle);
        resolve(isSettled);
      };
      const waitAgain = () => {
        clearTimeout(idle);
        idle = setTimeout(() => {
          socket.close();
          end();
        }, idleMsMax);
      };
      waitAgain();
      socket.addEventListener("message", ({ data }) => {
        waitAgain();
        const frame = JSON.parse(String(data)) as ServerFrame;
        switch (frame.kind) {
          case "hello":
            headAtHello = frame.lastSeq;
            if (frame.lastSeq < cursor)
              this.#complain(`was at ${cursor} and is told that the log ends at ${frame.lastSeq}`);
            return;
          case "event":
            this.#take(frame, frame.seq > headAtHello);
            return;
          case "settled":
            // Its own close frame follows; the connection's end may take seconds more.
            isSettled = true;
            socket.close();
            end();
            return;
          case "error":
            this.#complain(`got an error frame ${frame.code}`);
            return;
          case "pong":
            return;
        }
      });
      socket.addEventListener("close", ({ code }) => {
        if (code >= 4400) this.#complain(`was closed with ${code} at cursor ${cursor}`);
        end();
      });
      socket.addEventListener("error", end);
    });
  }

  #take(seen: SeenEvent, isFresh: boolean): void {
    if (seen.seq !== this.lastSeq + 1)
      this.#complain(`got event ${seen.seq} after event ${this.lastSeq}`);
    this.seen.events.push({ seq: seen.seq, event: seen.event });
    this.#onEvent(seen, isFresh);
  }

  #complain(what: string): void {
    this.seen.complaints.push(what);
  }
}
