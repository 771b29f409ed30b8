import type { Log, LogFields } from "../../src/base/log.ts";

/** Keeps what was logged. */
export function recordingLog(): Log & {
  events: { level: string; event: string; fields: LogFields }[];
} {
  const events: { level: string; event: string; fields: LogFields }[] = [];
  return { events, log: (level, event, fields = {}) => void events.push({ level, event, fields }) };
}
