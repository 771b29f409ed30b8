import type { Tracer } from "../ports/tracer.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

/** Spans as structured log lines, one at the end of each: `{"event":"span","name":…,"durationMs":…,"status":…}`. */
export function logTracer(log: Log, clock: Clock): Tracer {
  return {
    startSpan(name, attributes) {
      const startedAt = clock.now();
      let all = attributes;
      return {
        set(more) {
          all = { ...all, ...more };
        },
        end(status) {
          const durationMs = clock.now() - startedAt;
          log.log("info", "span", { ...all, name, status, durationMs });
        },
      };
    },
  };
}
