import { gatewayDirectly, type startGateway } from "./gateway.ts";
import { startLangGraph } from "./langgraph.ts";
import { load, type Load, median } from "./measure.ts";
import { useOfTree } from "./process-tree.ts";
import { startOnWorkerd, startOnWrangler } from "./runledger.ts";
import { promptFor, type Subject } from "./subject.ts";

const concurrencies = [1, 8, 32] as const;
const warmUpAtOnce = 8;
/** In flight while the gateway takes its time, as gateways do. */
const pacedAtOnce = 8;

export interface Size {
  /** Runs before the first round, until the code of all subjects is compiled as far as it will be. */
  warmUp: number;
  rounds: number;
  /** Runs a round: with a gateway that takes its time, one at a time and several, and with one that answers at once. */
  paced: number;
  pacedTogether: number;
  atOnce: Record<(typeof concurrencies)[number], number>;
}

/** By column, one value a round. */
type Samples = Map<string, number[]>;

/**
 * Runledger beside the gateway alone and beside LangGraph in plain Node, on loopback, in rounds that visit all of them in
 * turn. Machines differ and drift: only ratios within one run mean something.
 */
export async function compare(
  gateway: Awaited<ReturnType<typeof startGateway>>,
  tokens: number,
  size: Size,
): Promise<void> {
  const subjects = [
    gatewayDirectly(gateway, tokens),
    await startLangGraph(gateway.baseUrl, tokens),
    await startOnWrangler(gateway.baseUrl, tokens),
    await startOnWorkerd(gateway.baseUrl, tokens),
    await startOnWorkerd(gateway.baseUrl, tokens, {
      ...{ name: "bare object on workerd", entry: "tests/bench/bare-worker.ts" },
    }),
  ];
  const visited = subjects.map((subject) => ({ subject, samples: new Map() as Samples }));
  for (const subject of subjects) {
    await load(subject, prompts(size.warmUp, tokens, "at once"), warmUpAtOnce);
  }

  for (let round = 0; round < size.rounds; round += 1) {
    console.error(`round ${round + 1} of ${size.rounds}`);
    // Every round starts with another one, so that none always follows the same neighbour.
    const order = [...visited.slice(round % visited.length), ...visited].slice(0, visited.length);
    for (const { subject, samples } of order) await visit(subject, samples, tokens, size);
  }
  for (const { subject, samples } of visited) {
    record(samples, "MB", useOfTree(subject.pid).memoryMb);
  }
  print(visited, tokens, size.rounds);
  for (const subject of subjects) await subject.stop();
}

async function visit(
  subject: Subject,
  samples: Samples,
  tokens: number,
  size: Size,
): Promise<void> {
  for (const concurrency of concurrencies) {
    const runs = prompts(size.atOnce[concurrency], tokens, "at once");
    const measured = await load(subject, runs, concurrency);
    record(samples, `runs/s at ${concurrency}`, measured.runsPerSecond);
    record(samples, `CPU ms at ${concurrency}`, measured.cpuMsPerRun);
  }
  const paced: Load = await load(subject, prompts(size.paced, tokens, "paced"), 1);
  record(samples, "first token ms", paced.firstTokenMs);
  record(samples, "last token ms", paced.totalMs);
  const together = prompts(size.pacedTogether, tokens, "paced");
  const { cpuMsPerRun } = await load(subject, together, pacedAtOnce);
  record(samples, `CPU ms at ${pacedAtOnce}, paced`, cpuMsPerRun);
}

function prompts(count: number, tokens: number, pace: "at once" | "paced"): string[] {
  return Array.from({ length: count }, () => promptFor(tokens, pace));
}

function record(samples: Samples, column: string, value: number): void {
  samples.set(column, [...(samples.get(column) ?? []), value]);
}

function print(
  visited: readonly { subject: Subject; samples: Samples }[],
  tokens: number,
  rounds: number,
): void {
  const medians = visited.map(({ subject, samples }) => ({
    name: subject.name,
    columns: [...samples].map(([column, measured]) => [column, median(measured)] as const),
  }));
  console.log(`
A reply of ${tokens} tokens through the poet graph; medians over ${rounds} round(s), after a warm-up. runs/s and CPU per run (of
the server's processes) with a gateway that answers at once, at 1, 8 and 32 in flight. Paced: with a gateway that takes
50 ms to the first token and 5 ms to each next; first and last token with one run at a time. The gateway's CPU is the
fake's own. To all of them it is one like OpenAI's, which keeps no log to be looked at afterwards.
On workerd the bundle answers by itself, without Miniflare's Worker in front, and its state is in memory where there is
/dev/shm, as LangGraph's is; under wrangler dev both are as in use. The bare object is what a run's shape costs on
workerd with nothing of Runledger in it (tests/bench/bare-worker.ts).
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
