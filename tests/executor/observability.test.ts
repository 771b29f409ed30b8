import { describe, expect, it } from "vitest";
import { withObservability } from "../../src/executor/with-observability.ts";
import type { SpanAttributes } from "../../src/ports/tracer.ts";
import { requestWith, scriptedExecutor } from "../conformance/fakes.ts";
import { drain, type Scenario } from "../conformance/graph-executor.ts";
import { RecordingLog } from "../logs.ts";

async function observed(scenario: Scenario) {
  const log = new RecordingLog();
  const spans: { name: string; attributes: SpanAttributes; status: string | null }[] = [];
  const executor = withObservability(scriptedExecutor(scenario).executor, {
    log,
    clock: { now: () => 0 },
    tracer: {
      startSpan(name, attributes) {
        const span = { name, attributes, status: null as string | null };
        spans.push(span);
        return {
          set: (more) => void (span.attributes = { ...span.attributes, ...more }),
          end: (status) => void (span.status = status),
        };
      },
    },
  });
  await drain(executor.runGraph(requestWith(new AbortController().signal)));
  return { log, spans };
}

describe("observability", () => {
  it("leaves a line at the start, one at the end, and one ended span, by the run's ids", async () => {
    const { log, spans } = await observed("answers");
    const { runId, requestId } = requestWith(new AbortController().signal).context;
    expect(log.lines).toMatchObject([
      { event: "run.started", fields: { runId, requestId, attempt: 0 } },
      { event: "run.ended", fields: { runId, requestId, outcome: "success", calls: 1 } },
    ]);
    expect(spans).toMatchObject([
      { name: "graph.run", status: "ok", attributes: { runId, outcome: "success" } },
    ]);
  });

  it("says how a run failed, by its code", async () => {
    const { log, spans } = await observed("fails");
    expect(log.lines.at(-1)).toMatchObject({
      fields: { outcome: "error", errorCode: "rate_limit" },
    });
    expect(spans).toMatchObject([{ status: "error" }]);
  });

  it("says that a run waits for a person, which is no failure", async () => {
    const { log, spans } = await observed("asks");
    expect(log.lines.at(-1)).toMatchObject({
      ...{ level: "info", fields: { outcome: "interrupted" } },
    });
    expect(spans).toMatchObject([{ status: "ok" }]);
  });

  it("shows nothing of what was asked or answered", async () => {
    const { log, spans } = await observed("answers");
    expect(JSON.stringify([log.lines, spans])).not.toMatch(/hello/i);
  });
});
