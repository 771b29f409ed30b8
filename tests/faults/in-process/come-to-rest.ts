import { Crash, type World } from "./world.ts";

/**
 * Starts the run where it was not, and then does only what time, its alarms and a patient person do. Nothing is awaited
 * but quiet: a dead instance never answers.
 */
export async function comeToRest(world: World): Promise<void> {
  const account = world.start.context.billingAccountId;
  world.gateway.release();
  for (let round = 0; round < 40; round += 1) {
    if (world.storage.isEmpty()) world.life.start(world.start).catch(() => {});
    await world.quiet();
    const view = look(world, account);
    if (view !== null && view.billing === "settled") return;
    const [question] = view?.status === "interrupted" ? view.interrupts : [];
    if (question !== undefined) {
      const answer = { interruptId: question.interruptId, value: true };
      world.life.resume(account, answer).catch(() => {});
    }
    // The gateway's log is looked at over an hour: time passes in longer steps then.
    await world.elapse(view?.billing === "reconciling" ? 600_000 : 60_000);
  }
  throw new Error(`the run did not come to rest: ${JSON.stringify(world.life.view(account))}`);
}

/** Null also where the instance dies of being looked at: that sets a run going which lies idle. */
function look({ life }: World, account: string) {
  try {
    return life.view(account);
  } catch (error) {
    if (error instanceof Crash) return null;
    throw error;
  }
}
