import { DurableObject } from "cloudflare:workers";
import { systemClock } from "../base/clock.ts";
import { consoleLog } from "../base/log.ts";
import { composeRun } from "../compose.ts";
import type { Env } from "../env.ts";
import type { JsonValue } from "../ports/json.ts";
import type { GoOnOutcome, LiveRun, RunCall, StartOutcome, StartRun } from "../ports/run.ts";
import { passCrashPoint } from "./crash-points.ts";
import { accountHeader } from "./get-run.ts";
import { RunLife } from "./life/run-life.ts";
import { SseViewers } from "./viewers/sse.ts";
import { Sockets } from "./viewers/sockets.ts";
import { answerViewer } from "./viewers/answer-viewer.ts";

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
        // Sockets stay open: what comes after the answer goes to them.
        pause: () => this.#sse.pause(),
        settle: (frame) => {
          this.#sockets.settle(frame);
          this.#sse.settle(frame);
        },
      },
      setAlarm: (at) => (at === null ? storage.deleteAlarm() : storage.setAlarm(at)),
      deleteStorage: () => storage.deleteAll(),
      abandon: () => context.abort("Another instance drives this run."),
      crashPoint: (point) => passCrashPoint(point, context),
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

  resume(
    accountId: string,
    answer: { interruptId: string | null; value: JsonValue },
  ): Promise<GoOnOutcome | null> {
    return this.#life.resume(accountId, answer);
  }

  retry(accountId: string): Promise<GoOnOutcome | null> {
    return this.#life.retry(accountId);
  }

  wake(): Promise<boolean> {
    return this.#life.wake();
  }

  giveUp(runId: string): Promise<void> {
    return this.#life.giveUp(runId);
  }

  reconcile(): Promise<boolean> {
    return this.#life.reconcile();
  }

  /** Viewers only: `…/events` (SSE) and `…/socket` (WebSocket). */
  override fetch(request: Request): Response {
    const accountId = request.headers.get(accountHeader) ?? "";
    return answerViewer(request, this.#life.runOf(accountId), {
      sockets: this.#sockets,
      sse: this.#sse,
    });
  }

  override async alarm(): Promise<void> {
    await this.#life.wake();
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const frame = this.#sockets.read(socket, message);
    if (frame === null) return;
    if (frame.kind === "cancel") this.#life.cancelOwn();
    if (frame.kind !== "resume") return;
    const { interruptId = null, value } = frame;
    const outcome = await this.#life.resumeOwn({ interruptId, value });
    if (!outcome.ok) this.#sockets.refuse(socket, outcome.code, outcome.message);
  }

  override webSocketClose(): void {}

  override webSocketError(): void {}
}
