import { pause } from "./host.ts";
import type { Moments } from "./moments.ts";
import type { ProductApi, RunBody } from "./product-api.ts";
import type { RecoveryTimes } from "./recovery-times.ts";
import type { RunPlan } from "./run-kinds.ts";
import { type Seen, type SeenEvent, Viewer } from "./viewer.ts";

export interface Client {
  api: ProductApi;
  moments: Moments;
  recoveries: RecoveryTimes;
  /** Resolves when D1 says that the run is over, without asking the run. */
  overInD1(runId: string): Promise<void>;
}

/** `running`: its driver is at work, or should be. */
type Phase = "starting" | "running" | "waiting" | "over" | "abandoned";

/** One run of the load with all that its client does: starts, watches, answers, stops and retries it as planned. */
export class TrackedRun {
  readonly plan: RunPlan;
  readonly number: number;
  readonly complaints: string[] = [];
  runId: string | null = null;
  phase: Phase = "starting";
  /** The product said that it stops the run. */
  stopAccepted = false;
  retryAccepted = false;
  retriesSent = 0;
  /** Deaths of the product in the middle of it. */
  deaths = 0;
  #viewer: Viewer | null = null;
  /** Questions of this attempt, answered or about to be. */
  #asked: string[] = [];
  readonly #client: Client;
  readonly #side: Promise<void>[] = [];

  constructor(plan: RunPlan, number: number, client: Client) {
    this.plan = plan;
    this.number = number;
    this.#client = client;
  }

  get seen(): Seen | null {
    return this.#viewer?.seen ?? null;
  }

  get isOver(): boolean {
    return this.phase === "over" || this.phase === "abandoned";
  }

  /** Resolves when all is over; rejects when the product cannot be brought to answer. */
  async live(): Promise<void> {
    const runId = await this.#start();
    if (runId === null) {
      this.phase = "abandoned";
      return;
    }
    this.phase = "running";
    const { cancelAfterMs, unwatched } = this.plan;
    if (cancelAfterMs !== null) this.#side.push(this.#stopAfter(runId, cancelAfterMs));
    if (unwatched) {
      await this.#client.overInD1(runId);
      this.#client.recoveries.signOfLife(runId, performance.now());
      this.phase = "over";
      return;
    }
    this.#viewer = new Viewer(this.#client.api, runId, (seen, fresh) => this.#note(seen, fresh));
    await this.#untilSettled(this.#viewer, runId);
    if (await this.#retried(runId)) await this.#untilSettled(this.#viewer, runId);
    this.phase = "over";
  }

  async #untilSettled(viewer: Viewer, runId: string): Promise<void> {
    await viewer.untilSettled();
    this.#client.recoveries.signOfLife(runId, performance.now());
    await Promise.all(this.#side);
  }

  async #start(): Promise<string | null> {
    const { api, moments } = this.#client;
    let tries = 0;
    const { status, body } = await api.send<{ runId: string; error?: { code: string } }>(
      "POST",
      "/api/v1/ai/runs",
      {
        body: this.plan.body,
        headers: { "idempotency-key": `run-${this.number}` },
        onSent: () => {
          tries += 1;
          moments.reached("posted");
        },
        once: this.plan.abandoned,
      },
    );
    if (this.plan.abandoned) return null;
    if (status !== 201 && status !== 200)
      throw new Error(`run ${this.number} was answered ${status} ${JSON.stringify(body)}`);
    if (status === 200 && tries === 1)
      this.complaints.push("its first request was answered as a repetition");
    moments.reached("created");
    this.runId = body.runId;
    return body.runId;
  }

  #note({ event }: SeenEvent, isFresh: boolean): void {
    const { moments, recoveries } = this.#client;
    const runId = this.runId ?? "";
    if (isFresh || (event.type === "status" && event.phase === "recovering"))
      recoveries.signOfLife(runId, performance.now());
    if (event.type === "interrupt") {
      this.phase = "waiting";
      moments.reached("interrupted");
      this.#side.push(this.#answer(runId, event.interruptId));
    }
    if (event.type === "done") moments.reached("done");
  }

  async #answer(runId: string, interruptId: string): Promise<void> {
    if (this.#asked.includes(interruptId)) return;
    this.#asked.push(interruptId);
    const { answers } = this.plan;
    const answer = answers[this.#asked.length - 1] ?? answers.at(-1);
    if (answer === undefined) {
      this.complaints.push("asks a question that was not expected");
      return;
    }
    await pause(answer.afterMs);
    const { api, moments } = this.#client;
    const { status } = await api.send("POST", `/api/v1/ai/runs/${runId}/resume`, {
      body: { interruptId, value: answer.value },
      onSent: () => {
        this.phase = "running";
        moments.reached("answering");
      },
    });
    moments.reached("answered");
    // A run that is being stopped does not wait for answers any more.
    if (status !== 202 && status !== 200 && this.plan.cancelAfterMs === null)
      this.complaints.push(`its answer was answered ${status}`);
  }

  async #stopAfter(runId: string, ms: number): Promise<void> {
    await pause(ms);
    const { api, moments } = this.#client;
    const { status } = await api.send("POST", `/api/v1/ai/runs/${runId}/cancel`, {
      onSent: () => moments.reached("cancelling"),
    });
    this.stopAccepted = status === 202;
    if (status !== 202 && status !== 200) this.complaints.push(`its stop was answered ${status}`);
  }

  /** Whether another attempt runs now. */
  async #retried(runId: string): Promise<boolean> {
    const { api, moments } = this.#client;
    const path = `/api/v1/ai/runs/${runId}`;
    const ended = await api.get<RunBody>(path);
    if (!this.plan.retries || !["error", "cancelled"].includes(ended.body.status)) return false;
    this.phase = "running";
    const { status } = await api.send("POST", `${path}/retry`, {
      onSent: () => {
        this.retriesSent += 1;
        moments.reached("retrying");
      },
    });
    // A repeated request finds the attempt that its lost predecessor began.
    const isBegun = status === 202 || (status === 409 && this.retriesSent > 1);
    if (!isBegun) this.complaints.push(`its retry was answered ${status}`);
    this.retryAccepted = isBegun;
    // What the next attempt asks may have the id that it had before.
    this.#asked = [];
    return isBegun;
  }
}
