import type { Violation } from "./oracle.ts";
import { percentile } from "./recovery-times.ts";
import type { RoundResult } from "./round.ts";

/** The sum of all rounds. */
export class Report {
  readonly #rounds: RoundResult[] = [];

  add(round: RoundResult): void {
    this.#rounds.push(round);
  }

  get kills(): number {
    return sum(this.#rounds.flatMap(({ kills }) => Object.values(kills)));
  }

  toString(): string {
    const total = (read: (round: RoundResult) => number) => sum(this.#rounds.map(read));
    return [
      table({
        kills: this.kills,
        runs: total(({ runs }) => runs),
        dispatches: total(({ dispatches }) => dispatches),
        receipts: total(({ receipts }) => receipts),
        lost: total(({ lost }) => lost),
        double: total(({ double }) => double),
        unknown: total(({ unknown }) => unknown),
        "settled and sent again": total(({ resent }) => resent),
        "recovery, on request": times(this.#rounds.flatMap(({ watchedMs }) => watchedMs)),
        "recovery, by alarm": times(this.#rounds.flatMap(({ alarmMs }) => alarmMs)),
        "answers of 5xx": total(({ serverErrors }) => serverErrors.length),
      }),
      `Runs ended   ${counts(this.#rounds.map(({ byStatus }) => byStatus))}`,
      `Killed at    ${counts(this.#rounds.map(({ kills }) => kills))}`,
    ].join("\n");
  }
}

export function describe({ runId, what }: Violation): string {
  return runId === null ? what : `${runId}: ${what}`;
}

function times(ms: readonly number[]): string {
  if (ms.length === 0) return "none";
  const [median, most] = [percentile(ms, 0.5), percentile(ms, 0.99)];
  return `${seconds(median)} median, ${seconds(most)} 99th (of ${ms.length})`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

function table(rows: Record<string, number | string>): string {
  const width = Math.max(...Object.keys(rows).map((name) => name.length));
  return Object.entries(rows)
    .map(([name, value]) => `${name.padEnd(width)}  ${value}`)
    .join("\n");
}

function counts(parts: readonly Record<string, number>[]): string {
  const totals = new Map<string, number>();
  for (const part of parts)
    for (const [name, count] of Object.entries(part))
      totals.set(name, (totals.get(name) ?? 0) + count);
  return [...totals].map(([name, count]) => `${name} ${count}`).join(", ");
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
