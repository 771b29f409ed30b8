import type { closeCodes } from "../protocol.ts";

const firstDelayMs = 400;
const delayMsMax = 15_000;

/** Doubling with jitter: many viewers of a restarted object must not all come back in the same moment. */
export function reconnectDelayMs(failures: number, random: () => number): number {
  const ceiling = Math.min(delayMsMax, firstDelayMs * 2 ** Math.min(failures, 10));
  return Math.round(ceiling * (0.5 + random() / 2));
}

type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

export type CloseVerdict =
  | { kind: "finished" }
  | { kind: "retry" }
  | { kind: "lost"; message: string };

/** After these closes a new connection would end the same way. */
const lost = {
  4400: "This page lost its place in the run. Reload it to read the run from its start.",
  4401: "You are no longer signed in. Reload the page to sign in again.",
  4404: "There is no such run.",
  4410: "The details of this run are past their retention. Its result and receipts remain.",
} satisfies Partial<Record<CloseCode, string>>;

export function judgeClose(code: number): CloseVerdict {
  const finished: CloseCode = 1000;
  if (code === finished) return { kind: "finished" };
  const message = (lost as Readonly<Record<number, string>>)[code];
  return message === undefined ? { kind: "retry" } : { kind: "lost", message };
}
