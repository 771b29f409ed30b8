import type { Counts } from "./counts.ts";
import { objectGb, type RunUsage, type StoredBytes } from "./list-prices.ts";
import { useOfTree } from "./process-tree.ts";
import { startOnWorkerd, timeRun } from "./runledger.ts";

export interface RunCosts {
  /** From the first request until the usage is in the ledger. */
  seconds: number;
  d1RoundTrips: number;
  run: RunUsage;
  /** What its object does two minutes later, to be held against the gateway's log. */
  looking: RunUsage;
  /** What its object does when the run is forgotten, `RETENTION_DAYS` later. */
  forgetting: RunUsage;
  stored: StoredBytes;
}

/** Which graph is run, and what makes the fake gateway have it make so many calls. */
interface RunKind {
  graph: string;
  calls: number;
  directives: string;
}

const oneCall: RunKind = { graph: "poet", calls: 1, directives: "" };
const tenCalls: RunKind = {
  graph: "assistant",
  calls: 10,
  directives: '[[loop:core__calculator {"expression":"6 * 7"}]] [[loop-times:9]]',
};

/**
 * An object is billed while it waits for its gateway, and stores a row for each tenth of a second of text: a gateway that
 * answers at once would make runs look cheap. Each call answers after a second; a reply of 200 tokens takes three more.
 */
const paced = "[[first:1000]] [[delay:15]]";
const warmUpRuns = 20;
const runsAtOnce = 200;
const runsPaced = 5;
const lookAfterSeconds = 2 * 60;
const forgetAfterSeconds = 31 * 86_400;

/** What one run uses of what is billed, averaged over a few, one after the other, with counters around all of it. */
export async function readRunCosts(
  gatewayBaseUrl: string,
  tokens: number,
): Promise<{ oneCall: RunCosts; tenCalls: RunCosts }> {
  const worker = await startOnWorkerd(gatewayBaseUrl, tokens, {
    ...{ entry: "tests/bench/counting-worker.ts", dialect: "litellm" },
  });
  try {
    return {
      oneCall: await measure(worker, oneCall, tokens),
      tenCalls: await measure(worker, tenCalls, tokens),
    };
  } finally {
    await worker.stop();
  }
}

async function measure(
  { url, pid }: { url: string; pid: number },
  { graph, calls, directives }: RunKind,
  tokens: number,
): Promise<RunCosts> {
  const run = async (pace: string) => {
    const prompt = `[[tokens:${tokens}]] ${directives} ${pace}`;
    const { runId } = await timeRun(new URL(url).host, graph, prompt, tokens);
    return runId;
  };
  // The first run of an account also makes the account, and new code runs slowly.
  for (let index = 0; index < warmUpRuns; index += 1) await run("");

  const start = await readCounts(url);
  const cpuMs = useOfTree(pid).cpuMs;
  for (let index = 0; index < runsAtOnce; index += 1) await run("");
  // Of all processes. The Worker's part in it is over once the run has started, whatever its pace.
  const workerCpuMs = (useOfTree(pid).cpuMs - cpuMs) / runsAtOnce;

  const before = await readCounts(url);
  const began = performance.now();
  const runIds: string[] = [];
  for (let index = 0; index < runsPaced; index += 1) runIds.push(await run(paced));
  const seconds = (performance.now() - began) / 1_000 / runsPaced;
  const settled = await readCounts(url);
  const looking = performance.now();
  for (const runId of runIds) await readCounts(url, `/bench/alarm/${runId}/${lookAfterSeconds}`);
  const secondsLooking = (performance.now() - looking) / 1_000 / runsPaced;
  const looked = await readCounts(url);
  for (const runId of runIds) await readCounts(url, `/bench/alarm/${runId}/${forgetAfterSeconds}`);
  const forgotten = await readCounts(url);
  for (const runId of runIds) await requireCalls(url, runId, calls);

  const used = each(before, settled, runsPaced);
  return {
    seconds,
    d1RoundTrips: used.d1RoundTrips,
    run: { ...used, workerCpuMs, objectGbSeconds: seconds * objectGb },
    looking: {
      ...each(settled, looked, runsPaced),
      ...{ workerCpuMs: 0, objectGbSeconds: secondsLooking * objectGb },
    },
    forgetting: { ...each(looked, forgotten, runsPaced), workerCpuMs: 0, objectGbSeconds: 0 },
    stored: {
      objectBytes: used.objectBytes,
      // D1 grows by whole pages, so over as many runs as there are.
      d1Bytes: each(start, settled, runsAtOnce + runsPaced).d1Bytes,
    },
  };
}

function each(before: Counts, after: Counts, count: number): Counts {
  const names = Object.keys(after) as (keyof Counts)[];
  const shares = names.map((name) => [name, (after[name] - before[name]) / count]);
  return Object.fromEntries(shares) as Counts;
}

async function readCounts(url: string, path = "/bench/counts"): Promise<Counts> {
  const answer = await fetch(url + path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json<Counts>();
}

/** The run's own books say whether it was the run that was meant. */
async function requireCalls(url: string, runId: string, calls: number): Promise<void> {
  const answer = await fetch(`${url}/api/v1/ai/runs/${runId}`);
  const { books } = await answer.json<{ books: { dispatches: number; settled: number } }>();
  if (books.dispatches === calls && books.settled === calls) return;
  throw new Error(`${runId} should have made ${calls} calls: ${JSON.stringify(books)}`);
}
