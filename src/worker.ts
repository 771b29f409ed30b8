import { createApp } from "./app.ts";
import { describeBug } from "./base/log.ts";
import { composeDoor, composeTick } from "./compose.ts";
import type { Env } from "./env.ts";
import { RunObject } from "./run/run-object.ts";
import { runTick } from "./schedules/tick.ts";

const app = createApp(composeDoor);

export { RunObject };

export default {
  fetch: (request, env, context) => app.fetch(request, env, context),
  scheduled: async (_controller, env) => {
    const deps = composeTick(env);
    try {
      await runTick(env, deps);
    } catch (error) {
      // D1 was out of reach; every slot that was not dealt with is still due at the next tick.
      deps.log.log("error", "schedule.tick_failed", describeBug(error));
    }
  },
} satisfies ExportedHandler<Env>;
