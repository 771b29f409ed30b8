import { createApp } from "./app.ts";
import { describeBug } from "./base/log.ts";
import { composeDoor, composeTick } from "./compose.ts";
import type { Env } from "./env.ts";
import { RunObject } from "./run/run-object.ts";
import { wakeOpenRuns } from "./run/wake-open-runs.ts";
import { runTick } from "./schedules/tick.ts";

const app = createApp(composeDoor);

export { RunObject };

export default {
  fetch: (request, env, context) => app.fetch(request, env, context),
  scheduled: async (_controller, env) => {
    const deps = composeTick(env);
    const chores = await Promise.allSettled([runTick(env, deps), wakeOpenRuns(env, deps)]);
    // D1 was out of reach; what was not dealt with is still due at the next tick.
    for (const chore of chores) {
      if (chore.status === "rejected")
        deps.log.log("error", "tick.failed", describeBug(chore.reason));
    }
  },
} satisfies ExportedHandler<Env>;
