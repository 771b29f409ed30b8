import { tracing } from "cloudflare:workers";
import type { Tracer } from "../ports/tracer.ts";

/** Spans in the platform's own traces, beside those it makes of fetches, D1 and objects; cheap where nobody traces. */
export const workersTracer: Tracer = {
  startSpan(name, attributes) {
    const span = tracing.startSpan(name);
    span.setAttributes(attributes);
    return {
      set: (more) => void span.setAttributes(more),
      end(status) {
        span.setStatus({ code: status });
        span.end();
      },
    };
  },
};
