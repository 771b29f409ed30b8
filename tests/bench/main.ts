import { parseArgs } from "node:util";
import { gatewayDirectly, startGateway } from "./gateway.ts";
import { startLangGraph } from "./langgraph.ts";
import { load, type Load, median } from "./measure.ts";
import { useOfTree } from "./process-tree.ts";
import { readRunCosts } from "./run-costs.ts";
import { startOnWorkerd, startOnWrangler } from "./runledger.ts";
import { promptFor, type Subject } from "./subject.ts";

/**
 * `npm run bench`: Runledger beside the gateway alone and beside LangGraph in plain Node, on loopback, in rounds that
 * visit all of them in turn. Machines differ and drift: only ratios within one run mean something.
 */
const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const tokens = 200;
const size = values.quick
  ? { rounds: 1, paced: 2, atOnce: { 1: 6, 8: 16, 32: 32 } }
  : { rounds: 5, paced: 3, atOnce: { 1: 16, 8: 40, 32: 64 } };
const concurrencies = [1, 8, 32] as const;
const warmUpRuns = 4;

/** By column, one value a round. */
type Samples = Map<string, number[]>;

const gateway = await startGateway();
const subjects = [
  gatewayDirectly(gateway, tokens),
  await startLangGraph(gateway.baseUrl, tokens),
  await startOnWrangler(gateway.baseUrl, tokens),
  await startOnWorkerd(gateway.baseUrl, tokens),
];
const samples = new Map<Subject, Samples>(subjects.map((subject) => [subject, new Map()]));
for (const subject of subjects) await load(subject, prompts(warmUpRuns, "at once"), 1);

for (let round = 0; round < size.rounds; round += 1) {
  console.error(`round ${round + 1} of ${size.rounds}`);
  // Every round starts with another one, so that none always follows the same neighbour.
  const order = [...subjects.slice(round % subjects.length), ...subjects].slice(0, subjects.length);
  for (const subject of order) await visit(subject);
}
for (const subject of subjects) record(subject, "MB", useOfTree(subject.pid).memoryMb);

print();
for (const subject of subjects) await subject.stop();
const costs = await readRunCosts(gateway.baseUrl, tokens);
console.log("\nOne Runledger run of one call:");
console.table(costs);
await gateway.stop();
process.exit(0);

async function visit(subject: Subject): Promise<void> {
  for (const concurrency of concurrencies) {
    const runs = prompts(size.atOnce[concurrency], "at once");
    const measured = await load(subject, runs, concurrency);
    record(subject, `runs/s at ${concurrency}`, measured.runsPerSecond);
    record(subject, `CPU ms at ${concurrency}`, measured.cpuMsPerRun);
  }
  const paced: Load = await load(subject, prompts(size.paced, "paced"), 1);
  record(subject, "first token ms", paced.firstTokenMs);
  record(subject, "last token ms", paced.totalMs);
}

function prompts(count: number, pace: "at once" | "paced"): string[] {
  return Array.from({ length: count }, () => promptFor(tokens, pace));
}

function record(subject: Subject, column: string, value: number): void {
  const columns = samples.get(subject);
  columns?.set(column, [...(columns.get(column) ?? []), value]);
}

function print(): void {
  const medians = subjects.map((subject) => ({
    name: subject.name,
    columns: [...(samples.get(subject) ?? [])].map(
      ([column, measured]) => [column, median(measured)] as const,
    ),
  }));
  console.log(`
A reply of ${tokens} tokens through the poet graph. runs/s and CPU per run (of the server's processes) with a gateway that
answers at once, at 1, 8 and 32 in flight; first and last token one at a time, with a gateway that takes 50 ms to the
first token and 5 ms to each next. Medians over ${size.rounds} rounds. The gateway's CPU is the fake's own.
On workerd the bundle answers by itself, without Miniflare's Worker in front, and its state is in memory where there is
/dev/shm, as LangGraph's is; under wrangler dev both are as in use.
`);
  console.table(
    Object.fromEntries(
      medians.map(({ name, columns }) => [
        name,
        Object.fromEntries(columns.map(([column, value]) => [column, rounded(value)])),
      ]),
    ),
  );
  const peer = medians[1];
  console.log(`As a multiple of ${peer?.name}:`);
  console.table(
    Object.fromEntries(
      medians
        .slice(2)
        .map(({ name, columns }) => [
          name,
          Object.fromEntries(
            columns.map(([column, value], index) => [
              column,
              rounded(value / (peer?.columns[index]?.[1] ?? Number.NaN)),
            ]),
          ),
        ]),
    ),
  );
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
