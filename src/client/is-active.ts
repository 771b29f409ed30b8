import type { Run } from "./wire.ts";

/** Whether a run has not ended; an interrupted one waits and may go on. */
export function isActive({ status }: Run): boolean {
  return status === "pending" || status === "running" || status === "interrupted";
}
