import { pause } from "./host.ts";
import type { ProductApi, RunBody } from "./product-api.ts";
import type { Random } from "./random.ts";
import { schedulePlan } from "./run-kinds.ts";

/** Ticks come oftener than the platform's, doubled and cut off by deaths; between them runs are asked for by hand. */
export class ScheduleLoad {
  readonly #api: ProductApi;
  readonly #random: Random;
  #scheduleId = "";
  #isOpen = true;

  constructor(api: ProductApi, random: Random) {
    this.#api = api;
    this.#random = random;
  }

  async run(): Promise<void> {
    const { status, body } = await this.#api.send<{ scheduleId: string }>(
      "POST",
      "/api/v1/schedules",
      {
        body: {
          name: "Every minute",
          cron: "* * * * *",
          timezone: "UTC",
          overlap: "allow",
          ...schedulePlan,
        },
      },
    );
    if (status !== 201) throw new Error(`the schedule was answered ${status}`);
    this.#scheduleId = body.scheduleId;
    let turn = 0;
    while (this.#isOpen) {
      turn += 1;
      await pause(this.#random.between(500, 4_000));
      await (this.#random.chance(0.5) ? this.#api.tick() : this.#runNow(turn));
    }
  }

  /** No more slots and no more runs by hand; ticks go on, since they also care for runs that never began. */
  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#api.send("PATCH", `/api/v1/schedules/${this.#scheduleId}`, {
      body: { enabled: false },
    });
  }

  /** Slots that were fired more than once. */
  async doubledSlots(): Promise<string[]> {
    const runs = await this.#api.list<RunBody>(`/api/v1/schedules/${this.#scheduleId}/runs`);
    const slots = runs.flatMap(({ scheduledFor }) => scheduledFor ?? []);
    return slots.filter((slot, index) => slots.indexOf(slot) !== index);
  }

  async #runNow(turn: number): Promise<void> {
    await this.#api.send("POST", `/api/v1/schedules/${this.#scheduleId}/run`, {
      headers: { "idempotency-key": `by-hand-${turn}` },
    });
  }
}
