import { aggregate } from "../../src/executor/aggregate.ts";
import { withBilling } from "../../src/executor/with-billing.ts";
import { withObservability } from "../../src/executor/with-observability.ts";
import { withPreflight } from "../../src/executor/with-preflight.ts";
import type { GraphExecutorPort } from "../../src/ports/graph-executor.ts";
import { decorated } from "../conformance/fakes.ts";
import { describeGraphExecutor } from "../conformance/graph-executor.ts";
import { silentLog } from "../logs.ts";

const clock = { now: () => 0 };
const tracer = { startSpan: () => ({ set() {}, end() {} }) };

const observed = (inner: GraphExecutorPort) =>
  withObservability(inner, { log: silentLog, tracer, clock });
const checked = (inner: GraphExecutorPort) =>
  withPreflight(inner, { checkCredit: async () => null, log: silentLog });
const billed = (inner: GraphExecutorPort) =>
  withBilling(inner, {
    commit: async () => {},
    executorTypeOf: () => "inproc",
    clock,
    log: silentLog,
  });
const routed = (inner: GraphExecutorPort) =>
  aggregate([{ prefix: "langgraph", executorType: "inproc", executor: inner }], silentLog);

const decorators: [string, (inner: GraphExecutorPort) => GraphExecutorPort, boolean][] = [
  ["withObservability", observed, true],
  ["withPreflight", checked, true],
  ["withBilling", billed, false],
  ["aggregate", routed, true],
  ["the whole chain", (inner) => observed(checked(billed(routed(inner)))), false],
];

for (const [name, decorate, passesUsageReports] of decorators) {
  describeGraphExecutor({
    name,
    passesUsageReports,
    questions: 2,
    make: (scenario) => decorated(scenario, decorate),
  });
}
