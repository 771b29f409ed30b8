import { useOfTree } from "./process-tree.ts";
import type { Subject, Timing } from "./subject.ts";

export interface Load {
  runsPerSecond: number;
  cpuMsPerRun: number;
  firstTokenMs: number;
  totalMs: number;
}

/** Runs the prompts with `concurrency` in flight; times are medians over the runs. */
export async function load(
  subject: Subject,
  prompts: readonly string[],
  concurrency: number,
): Promise<Load> {
  const waiting = [...prompts];
  const timings: Timing[] = [];
  const before = useOfTree(subject.pid);
  const started = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let prompt = waiting.pop(); prompt !== undefined; prompt = waiting.pop())
        timings.push(await subject.run(prompt));
    }),
  );
  const elapsedMs = performance.now() - started;
  const after = useOfTree(subject.pid);
  return {
    runsPerSecond: (prompts.length / elapsedMs) * 1_000,
    cpuMsPerRun: (after.cpuMs - before.cpuMs) / prompts.length,
    firstTokenMs: median(timings.map((timing) => timing.firstTokenMs)),
    totalMs: median(timings.map((timing) => timing.totalMs)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
