import { pause } from "./host.ts";
import type { Random } from "./random.ts";
import { type Features, planRun } from "./run-kinds.ts";
import { type Client, TrackedRun } from "./tracked-run.ts";

/** Runs in flight besides those that nobody watches, which may wait for their alarm. */
const inFlightMax = 5;
const unwatchedMax = 4;
/** The product gives a run up after five recoveries without progress; the load asks for one less. */
const deathsMax = 4;
const progressMsMax = 60_000;

/** Keeps a few runs of all kinds in flight until it is told to stop. */
export class Load {
  readonly runs: TrackedRun[] = [];
  readonly #random: Random;
  readonly #features: Features;
  readonly #client: Client;
  readonly #lives: Promise<void>[] = [];
  #isOpen = true;
  /** What broke down in the driver itself. */
  #failure: Error | null = null;

  constructor(random: Random, features: Features, client: Client) {
    this.#random = random;
    this.#features = features;
    this.#client = client;
  }

  async run(): Promise<void> {
    while (this.#isOpen) {
      const live = this.runs.filter((run) => !run.isOver);
      const watched = live.filter((run) => !run.plan.unwatched).length;
      if (watched < inFlightMax && live.length - watched < unwatchedMax) this.#begin();
      else await pause(20);
    }
  }

  /** No more runs; resolves when those there are have ended. */
  async drain(): Promise<void> {
    this.#isOpen = false;
    await Promise.all(this.#lives);
    if (this.#failure !== null) throw this.#failure;
  }

  /** Notes a death of the product; returns the runs that it cut off. */
  died(): { runId: string; isWatched: boolean }[] {
    const running = this.runs.filter(({ phase }) => phase === "running");
    return running.flatMap((run) => {
      const { runId } = run;
      if (runId === null) return [];
      // Without a visitor a run is not recovered between two deaths in short succession.
      if (!run.plan.unwatched || !this.#client.recoveries.isCutOff(runId)) run.deaths += 1;
      return [{ runId, isWatched: !run.plan.unwatched }];
    });
  }

  /** Waits until every run can bear another death without being given up; false when that takes too long. */
  async bearsAnotherDeath(): Promise<boolean> {
    for (const end = Date.now() + progressMsMax; Date.now() < end; await pause(50)) {
      if (!this.runs.some((run) => !run.isOver && run.deaths >= deathsMax)) return true;
      if (this.#failure !== null) return false;
    }
    return false;
  }

  #begin(): void {
    const number = this.runs.length + 1;
    const plan = planRun(this.#random.fork(`run ${number}`), number, this.#features);
    const run = new TrackedRun(plan, number, this.#client);
    this.runs.push(run);
    this.#lives.push(
      run.live().catch((error: unknown) => {
        run.phase = "over";
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
      }),
    );
  }
}
