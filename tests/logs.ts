import type { Log, LogFields, LogLevel } from "../src/base/log.ts";

export interface LogLine {
  level: LogLevel;
  event: string;
  fields: LogFields;
}

/** Keeps what was logged. */
export class RecordingLog implements Log {
  readonly lines: LogLine[] = [];

  log = (level: LogLevel, event: string, fields: LogFields = {}): void => {
    this.lines.push({ level, event, fields });
  };

  events(): string[] {
    return this.lines.map(({ event }) => event);
  }

  errors(): string[] {
    return this.lines.filter(({ level }) => level === "error").map(({ event }) => event);
  }
}

export const silentLog: Log = { log() {} };
