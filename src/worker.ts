import { createApp } from "./app.ts";
import { describeBug } from "./base/log.ts";
import { composeDoor, composeTick } from "./compose.ts";
import type { Env } from "./env.ts";
import { RunObject } from "./run/run-object.ts";
import { reconcileStragglers } from "./run/reconcile-stragglers.ts";
import { wakeDeadHolds } from "./run/wake-dead-holds.ts";
import { wakeOpenRuns } from "./run/wake-open-runs.ts";
import { runTick } from "./schedules/tick.ts";

const app = createApp(composeDoor);

export { RunObject };

const minutely = { schedules: runTick, open_runs: wakeOpenRuns };
const hourly = { ...minutely, reconciling: reconcileStragglers, audit: wakeDeadHolds };

export default {
  fetch: (request, env, context) => app.fetch(request, env, context),
  scheduled: async ({ scheduledTime }, env) => {
    const deps = composeTick(env);
    const isHour = new Date(scheduledTime).getUTCMinutes() === 0;
    await Promise.all(
      Object.entries(isHour ? hourly : minutely).map(async ([chore, run]) => {
        try {
          await run(env, deps);
        } catch (error) {
          // D1 is out of reach; what was not dealt with is still due at the next tick.
          deps.log.log("error", "tick.failed", { chore, ...describeBug(error) });
        }
      }),
    );
  },
} satisfies ExportedHandler<Env>;
