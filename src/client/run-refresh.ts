import type { Run } from "./wire.ts";

const activeEveryMs = 1_500;
/** While it waits for a person nothing happens, and the answer is heard of by the socket. */
const waitingEveryMs = 20_000;
/** The gateway's log is read within minutes of a run's end, and again within hours. */
const reconcilingEveryMs = 20_000;

/** Milliseconds until there may be something new to see of a run; null when there never will by itself. */
export function refreshDelayMs({
  status,
  billing,
}: Pick<Run, "status" | "billing">): number | null {
  if (status === "skipped") return null;
  if (status === "interrupted") return waitingEveryMs;
  if (status === "pending" || status === "running" || billing === "open") return activeEveryMs;
  return billing === "reconciling" ? reconcilingEveryMs : null;
}
