import type { Moment, Moments } from "./moments.ts";
import type { Random } from "./random.ts";

export interface KillPlan {
  /** null: at a time that has to do with nothing. */
  moment: Moment | null;
  skip: number;
  delayMs: number;
}

/** A moment that has not come by then is not waited for any longer. */
const waitMsMax = 4_000;

const weights: readonly (readonly [number, Moment | null])[] = [
  [10, null],
  [3, "received"],
  [3, "headers"],
  [5, "chunk"],
  [4, "last"],
  [6, "end"],
  [2, "posted"],
  [2, "created"],
  [4, "done"],
  [2, "interrupted"],
  [2, "answering"],
  [2, "answered"],
  [2, "cancelling"],
  [2, "retrying"],
  [2, "restarted"],
  [4, "recovering"],
];

export function planKill(random: Random): KillPlan {
  const moment = random.pick(weights);
  if (moment === null) return { moment, skip: 0, delayMs: random.between(50, 2_500) };
  const skip = random.between(0, moment === "chunk" ? 60 : 4);
  // At the moment itself the product has not read what the gateway sent; a little later it is busy with it.
  const delayMs = random.chance(0.4) ? 0 : random.between(1, 30);
  return { moment, skip: moment === "restarted" ? 0 : skip, delayMs };
}

/** Calls `kill` when the plan says so and resolves with what it was: the moment, or `random` when it did not come. */
export function killAsPlanned(
  { moment, skip, delayMs }: KillPlan,
  moments: Moments,
  kill: () => void,
): Promise<Moment | "random"> {
  return new Promise((resolve) => {
    const strike = (name: Moment | "random") => {
      kill();
      resolve(name);
    };
    if (moment === null) {
      setTimeout(strike, delayMs, "random");
      return;
    }
    const late = setTimeout(() => {
      moments.disarm();
      strike("random");
    }, waitMsMax);
    moments.arm(moment, skip, () => {
      clearTimeout(late);
      if (delayMs === 0) strike(moment);
      else setTimeout(strike, delayMs, moment);
    });
  });
}
