import { DurableObject } from "cloudflare:workers";
import { systemClock } from "../base/clock.ts";
import { consoleLog } from "../base/log.ts";
import { composeRun } from "../compose.ts";
import type { Env } from "../env.ts";
import type { LiveRun, RunCall, StartOutcome, StartRun } from "../ports/run.ts";
import { accountHeader } from "./get-run.ts";
import { RunLife } from "./run-life.ts";
import { SseViewers } from "./sse.ts";
import { Sockets } from "./sockets.ts";
import { answerViewer } from "./viewers.ts";

/** The shell around one run: wires storage, alarm, sockets and the composed parts to `RunLife`, and forwards. */
export class RunObject extends DurableObject<Env> {
  readonly #life: RunLife;
  readonly #sockets: Sockets;
  readonly #sse = new SseViewers();

  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    this.#sockets = new Sockets(context);
    const { storage } = context;
    this.#life = new RunLife({
      ...composeRun(env),
      storage,
      viewers: {
        publish: (event) => {
          this.#sockets.publish(event);
          this.#sse.publish(event);
        },
        settle: (frame) => {
          this.#sockets.settle(frame);
          this.#sse.settle(frame);
        },
      },
      setAlarm: (at) => (at === null ? storage.deleteAlarm() : storage.setAlarm(at)),
      deleteStorage: () => storage.deleteAll(),
      delay: (ms, callback) => {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
      clock: systemClock,
      log: consoleLog,
    });
  }

  start(start: StartRun): Promise<StartOutcome> {
    return this.#life.start(start);
  }

  view(accountId: string): LiveRun | null {
    return this.#life.view(accountId);
  }

  calls(accountId: string): RunCall[] | null {
    return this.#life.calls(accountId);
  }

  cancel(accountId: string): { accepted: boolean; run: LiveRun } | null {
    return this.#life.cancel(accountId);
  }

  /** Viewers only: `…/events` (SSE) and `…/socket` (WebSocket). */
  override fetch(request: Request): Response {
    const accountId = request.headers.get(accountHeader) ?? "";
    return answerViewer(request, this.#life.runOf(accountId), {
      sockets: this.#sockets,
      sse: this.#sse,
    });
  }

  override alarm(): Promise<void> {
    return this.#life.wake();
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const frame = this.#sockets.read(socket, message);
    if (frame === null) return;
    if (frame.kind === "cancel") this.#life.cancelOwn();
    else this.#sockets.refuse(socket, "conflict", "This run is not waiting for an answer.");
  }

  override webSocketClose(): void {}

  override webSocketError(): void {}
}
