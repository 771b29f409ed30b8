import { ConfigurationError } from "./errors.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
/** Ids, codes and numbers only: no prompt, message text, key or secret may become a field. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Log {
  log(level: LogLevel, event: string, fields?: LogFields): void;
}

/**
 * One JSON object a line; `event` is a stable name that alarms and tests look for. The console's method is chosen by the
 * level because Cloudflare takes it for the level of the entry: by it logs are filtered and errors grouped into issues.
 * `wrangler dev` dresses warnings and errors up; `npm start` takes that off again (`scripts/server-lines.mjs`).
 */
export const consoleLog: Log = {
  log(level, event, fields = {}) {
    const line = JSON.stringify({ level, event, ...fields });
    if (level === "error") console.error(line);
    else if (level === "warn") console.warn(line);
    else console.log(line);
  },
};

/**
 * What may be logged of an unexpected error: its class and where it was thrown. Never its message, which may quote a
 * prompt or a key; only a wrong configuration says what is wrong.
 */
export function describeBug(bug: unknown): { bug: string; at: string } {
  if (!(bug instanceof Error)) return { bug: typeof bug, at: "" };
  if (bug instanceof ConfigurationError) return { bug: `${bug.name}: ${bug.message}`, at: "" };
  const frames = framesOf(bug).filter((line) => /^\s+at .+:\d+:\d+\)?$/.test(line));
  return {
    bug: bug.name,
    at: frames
      .slice(0, 4)
      .map((line) => line.trim())
      .join(" < "),
  };
}

/** The stack begins with the message, whose lines may look like frames. */
function framesOf({ message, stack = "" }: Error): string[] {
  const start = stack.indexOf(message);
  return start === -1 ? [] : stack.slice(start + message.length).split("\n");
}
