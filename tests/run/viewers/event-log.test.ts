import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../../src/ports/ai-event.ts";
import { EventLog, frameSpanMs, type LoggedEvent } from "../../../src/run/viewers/event-log.ts";
import { createTables } from "../../../src/run/storage.ts";
import { sqliteStorage } from "../sqlite-storage.ts";

function openLog() {
  const storage = sqliteStorage();
  createTables(storage);
  const seen: LoggedEvent[] = [];
  const timers = new Set<{ at: number; callback: () => void }>();
  let now = 0;
  const deps = {
    storage,
    publish: (event: LoggedEvent) => void seen.push(event),
    purgedAtSeq: 0,
    crashPoint: () => {},
    now: () => now,
    delay: (ms: number, callback: () => void) => {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  function advance(ms: number): void {
    now += ms;
    for (const timer of [...timers]) {
      if (timer.at > now) continue;
      timers.delete(timer);
      timer.callback();
    }
  }
  return { log: new EventLog(deps), deps, seen, advance };
}

const delta = (text: string, messageId = "m1"): RunEvent => ({
  type: "text_delta",
  messageId,
  nodeKey: "n",
  delta: text,
});

function textOf(events: readonly LoggedEvent[], messageId = "m1"): string {
  return events
    .map((event) => JSON.parse(event.json) as RunEvent)
    .map((event) =>
      event.type === "text_delta" && event.messageId === messageId ? event.delta : "",
    )
    .join("");
}

describe("the event log", () => {
  it("shows the first piece of text at once and gathers what follows into frames", () => {
    const { log, seen, advance } = openLog();
    log.append(delta("a"));
    expect(textOf(seen)).toBe("a");
    log.append(delta("b"));
    log.append(delta("c"));
    expect(textOf(seen)).toBe("a");
    advance(frameSpanMs);
    expect(textOf(seen)).toBe("abc");
    expect(seen).toHaveLength(2);
  });

  it("writes waiting text before any other event", () => {
    const { log, seen } = openLog();
    log.append(delta("a"));
    log.append(delta("b"));
    log.append({ type: "status", phase: "tool_use" });
    expect(seen.map((event) => event.type)).toEqual(["text_delta", "text_delta", "status"]);
    expect(textOf(seen)).toBe("ab");
  });

  it("stores at most a frame per span: 800 tokens in 4 s make about 40 rows, and none is lost", () => {
    const { log, seen, advance } = openLog();
    for (let i = 0; i < 800; i++) {
      log.append(delta("x"));
      advance(5);
    }
    log.flush();
    expect(seen.length).toBeLessThanOrEqual(42);
    expect(textOf(seen)).toHaveLength(800);
  });

  it("numbers events from 1 without gaps, and what was live is what is read again", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("text" as const), id: fc.constantFrom("m1", "m2") }),
      fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 250 }) }),
      fc.record({ kind: fc.constant("other" as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { log, deps, seen, advance } = openLog();
        const sent = { m1: "", m2: "" };
        steps.forEach((each, index) => {
          if (each.kind === "wait") advance(each.ms);
          else if (each.kind === "other") log.append({ type: "status", phase: "thinking" });
          else {
            sent[each.id] += `${index},`;
            log.append(delta(`${index},`, each.id));
          }
        });
        log.flush();
        expect(seen.map((event) => event.seq)).toEqual(seen.map((_, index) => index + 1));
        expect(new EventLog(deps).read(0)).toEqual(seen);
        expect(new EventLog(deps).lastSeq).toBe(seen.length);
        expect([textOf(seen, "m1"), textOf(seen, "m2")]).toEqual([sent.m1, sent.m2]);
      }),
    );
  });

  it("shows nothing of a transaction that failed, and reuses its numbers", () => {
    const { log, seen } = openLog();
    expect(() =>
      log.atomically(() => {
        log.append({ type: "status", phase: "thinking" });
        throw new Error("disk full");
      }),
    ).toThrow("disk full");
    expect(seen).toEqual([]);
    log.append({ type: "status", phase: "tool_use" });
    expect(seen.map((event) => event.seq)).toEqual([1]);
    expect(log.read(0)).toHaveLength(1);
  });
});
