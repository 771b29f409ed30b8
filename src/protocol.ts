import { z } from "zod";
import type { RunEvent } from "./ports/ai-event.ts";
import type { JsonValue } from "./ports/json.ts";
import type { Books, RunStatus } from "./ports/run.ts";

/** Browser <-> RunObject, version 1: JSON text frames over one WebSocket. */
export const protocolVersion = 1;

export type ServerFrame =
  | {
      kind: "hello";
      protocol: typeof protocolVersion;
      runId: string;
      attempt: number;
      status: RunStatus;
      /** The last sequence number in the log; 0 when there is none. */
      lastSeq: number;
    }
  | { kind: "event"; seq: number; event: RunEvent }
  | SettledFrame
  | { kind: "error"; code: string; message: string }
  | { kind: "pong" };

/** All usage of the finished attempt is in the ledger. `receipts` is their number. */
export interface SettledFrame {
  kind: "settled";
  chargedCredits: number;
  receipts: number;
  books: Books;
}

export type ClientFrame =
  | { kind: "cancel" }
  | { kind: "resume"; interruptId?: string | undefined; value: JsonValue }
  | { kind: "ping" };

export const closeCodes = {
  finished: 1000,
  tooBig: 1009,
  /** Much was sent over this connection; open another one with the cursor. */
  comeBack: 1013,
  badCursor: 4400,
  unauthenticated: 4401,
  notFound: 4404,
  gone: 4410,
} as const;

/** More than any honest client frame needs, and little enough that a flood of them costs nothing. */
export const clientFrameBytesMax = 64 * 1024;

const clientFrame = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("cancel") }),
  z.strictObject({
    kind: z.literal("resume"),
    interruptId: z.string().max(200).optional(),
    value: z.json(),
  }),
  z.strictObject({ kind: z.literal("ping") }),
]);

/** null for anything that is not a frame of this protocol. */
export function parseClientFrame(text: string): ClientFrame | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = clientFrame.safeParse(value);
  return parsed.success ? parsed.data : null;
}
