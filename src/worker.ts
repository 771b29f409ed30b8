import { createApp } from "./app.ts";
import { describeBug } from "./base/log.ts";
import { runAudit } from "./billing/audit-hourly.ts";
import { composeDoor, composeTick } from "./compose.ts";
import type { Env } from "./env.ts";
import { getRun } from "./run/get-run.ts";
import { RunObject } from "./run/run-object.ts";
import { reconcileStragglers } from "./run/reconcile-stragglers.ts";
import { wakeOpenRuns } from "./run/wake-open-runs.ts";
import { runTick, type TickDeps } from "./schedules/tick.ts";

const app = createApp(composeDoor);

export { RunObject };

export default {
  fetch: (request, env, context) => app.fetch(request, env, context),
  scheduled: async ({ scheduledTime }, env) => {
    const deps = composeTick(env);
    const isHour = new Date(scheduledTime).getUTCMinutes() === 0;
    const chores = await Promise.allSettled([
      runTick(env, deps),
      wakeOpenRuns(env, deps),
      ...(isHour ? [reconcileStragglers(env, deps), auditAndWake(env, deps)] : []),
    ]);
    // D1 was out of reach; what was not dealt with is still due at the next tick.
    for (const chore of chores) {
      if (chore.status === "rejected")
        deps.log.log("error", "tick.failed", describeBug(chore.reason));
    }
  },
} satisfies ExportedHandler<Env>;

/** D1 alone never gives a dead hold back: its RunObject is asked, and finishes the run or goes on. */
async function auditAndWake(env: Env, deps: TickDeps): Promise<void> {
  const runIds = await runAudit(env, deps);
  await Promise.all(runIds.map((runId) => getRun(env, runId).wake()));
}
