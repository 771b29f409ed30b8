import { tracing } from "cloudflare:workers";
import type { Span, Tracer } from "../ports/tracer.ts";

/** Nobody looks at it, and every word to it costs a crossing into the platform. */
const untraced: Span = { set() {}, end() {} };

/** Spans in the platform's own traces, beside those it makes of fetches, D1 and objects; cheap where nobody traces. */
export const workersTracer: Tracer = {
  startSpan(name, attributes) {
    const span = tracing.startSpan(name);
    if (!span.isTraced) return untraced;
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
