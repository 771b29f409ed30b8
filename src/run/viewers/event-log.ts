import type { RunEvent } from "../../ports/ai-event.ts";
import type { CrashPoint } from "../crash-points.ts";
import type { RunStorage } from "../storage.ts";

/** A stored event: its number and its JSON text, made once and sent to every viewer as it is. */
export interface LoggedEvent {
  seq: number;
  type: RunEvent["type"];
  json: string;
}

/**
 * Text is gathered into frames of about this length: the first piece goes out at once, then one frame per span. Short
 * enough to read as a stream, long enough that a reply of seconds costs tens of rows and not hundreds.
 */
export const frameSpanMs = 110;

export interface EventLogDeps {
  storage: RunStorage;
  /** Numbers go on from here when the events themselves were purged. */
  purgedAtSeq: number;
  /** Nothing was ever written. */
  isNew?: boolean;
  /** Called after the write, in order, for every event. */
  publish: (event: LoggedEvent) => void;
  crashPoint: (point: CrashPoint) => void;
  now: () => number;
  /** Calls back once after `ms`; returns a function that calls it off. */
  delay: (ms: number, callback: () => void) => () => void;
}

interface PendingText {
  nodeKey: string;
  parts: string[];
}

/**
 * The run's numbered events. Numbers start at 1 and have no gaps; what a viewer sees live is exactly what is stored, so a
 * reconnect after any number reads the same text.
 */
export class EventLog {
  readonly #deps: EventLogDeps;
  readonly #pending = new Map<string, PendingText>();
  /** Characters of each message under way that have been given to this log; null: all that there are. */
  readonly #given = new Map<string, number | null>();
  #lastSeq: number;
  #lastFrameAt = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | null = null;
  /** Written in the open transaction, shown when it has committed. */
  #unpublished: LoggedEvent[] | null = null;

  constructor(deps: EventLogDeps) {
    this.#deps = deps;
    this.#lastSeq = deps.isNew === true ? 0 : (readLastSeq(deps.storage) ?? deps.purgedAtSeq);
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /**
   * One transaction over events and whatever else `work` writes: all of it or nothing, and viewers see its events only
   * afterwards.
   */
  atomically(work: () => void): void {
    if (this.#unpublished !== null) {
      work();
      return;
    }
    const before = this.#lastSeq;
    const pending = new Map(
      [...this.#pending].map(([id, { nodeKey, parts }]) => [id, { nodeKey, parts: [...parts] }]),
    );
    const given = new Map(this.#given);
    const written: LoggedEvent[] = [];
    this.#unpublished = written;
    try {
      this.#deps.storage.transactionSync(work);
    } catch (error) {
      this.#lastSeq = before;
      restore(this.#pending, pending);
      restore(this.#given, given);
      throw error;
    } finally {
      this.#unpublished = null;
    }
    for (const event of written) this.#deps.publish(event);
  }

  /** Text waits for its frame; anything else first flushes the text before it, so that order is kept. */
  append(event: RunEvent): void {
    if (event.type === "text_delta") {
      const given = this.#given.get(event.messageId);
      if (given === null) return;
      this.#given.set(event.messageId, (given ?? 0) + event.delta.length);
      this.#gather(event);
      return;
    }
    if (event.type === "text_reset") this.#given.delete(event.messageId);
    this.atomically(() => {
      this.flush();
      this.#write(event);
    });
  }

  /**
   * Writes what is missing of a message whose whole text is known, at once; pieces of it that are still on their way here
   * are dropped when they come. So a call and the last of its text become durable together.
   */
  complete(messageId: string, nodeKey: string, text: string): void {
    const given = this.#given.get(messageId) ?? 0;
    const rest = text.slice(given);
    this.#given.set(messageId, null);
    if (rest !== "") this.#keep({ messageId, nodeKey, delta: rest });
    this.flush();
  }

  hasToolEvent(type: "tool_call_start" | "tool_call_result", toolCallId: string): boolean {
    return (
      this.#deps.storage.sql
        .exec(
          "SELECT 1 AS found FROM events WHERE type = ? AND json_extract(event, '$.toolCallId') = ? LIMIT 1",
          type,
          toolCallId,
        )
        .toArray().length > 0
    );
  }

  /** Forgets the waiting text: another instance writes this log now. */
  discard(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#pending.clear();
    this.#given.clear();
  }

  /** Writes the waiting text. */
  flush(): void {
    if (this.#pending.size === 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.atomically(() => {
      for (const [messageId, { nodeKey, parts }] of this.#pending) {
        this.#write({ type: "text_delta", messageId, nodeKey, delta: parts.join("") });
      }
    });
    this.#pending.clear();
  }

  /** Events after `cursor`, oldest first. */
  read(cursor: number): LoggedEvent[] {
    return this.#deps.storage.sql
      .exec<{ seq: number; type: string; event: string }>(
        "SELECT seq, type, event FROM events WHERE seq > ? ORDER BY seq",
        cursor,
      )
      .toArray()
      .map(({ seq, type, event }) => ({ seq, type: type as RunEvent["type"], json: event }));
  }

  #keep({
    messageId,
    nodeKey,
    delta,
  }: {
    messageId: string;
    nodeKey: string;
    delta: string;
  }): void {
    const waiting = this.#pending.get(messageId);
    if (waiting === undefined) this.#pending.set(messageId, { nodeKey, parts: [delta] });
    else waiting.parts.push(delta);
  }

  #gather(event: Extract<RunEvent, { type: "text_delta" }>): void {
    this.#keep(event);
    if (this.#cancelTimer !== null) return;
    const waitMs = this.#lastFrameAt + frameSpanMs - this.#deps.now();
    if (waitMs <= 0) this.#frame();
    else this.#cancelTimer = this.#deps.delay(waitMs, () => this.#frameLate());
  }

  #frameLate(): void {
    try {
      this.#frame();
    } catch {
      // The text still waits: the driver's next write meets the same error, and the driver is who can act on it.
    }
  }

  #frame(): void {
    this.#cancelTimer = null;
    this.#lastFrameAt = this.#deps.now();
    this.flush();
    this.#deps.crashPoint("text.framed");
  }

  #write(event: RunEvent): void {
    const seq = this.#lastSeq + 1;
    const json = JSON.stringify(event);
    this.#deps.storage.sql.exec(
      "INSERT INTO events (seq, type, event) VALUES (?, ?, ?)",
      seq,
      event.type,
      json,
    );
    this.#lastSeq = seq;
    this.#unpublished?.push({ seq, type: event.type, json });
  }
}

function readLastSeq({ sql }: RunStorage): number | null {
  const [row] = sql.exec<{ last: number | null }>("SELECT max(seq) AS last FROM events").toArray();
  return row?.last ?? null;
}

function restore<Key, Value>(map: Map<Key, Value>, before: ReadonlyMap<Key, Value>): void {
  map.clear();
  for (const [key, value] of before) map.set(key, value);
}
