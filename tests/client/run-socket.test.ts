import { describe, expect, test } from "vitest";
import { followRun } from "../../src/client/run-socket.ts";
import type { RunConnection } from "../../src/client/run-socket.ts";
import type { RunEvent } from "../../src/ports/ai-event.ts";
import type { ServerFrame } from "../../src/protocol.ts";

class FakeConnection implements RunConnection {
  onmessage: RunConnection["onmessage"] = null;
  onclose: RunConnection["onclose"] = null;
  readonly path: string;
  readonly sent: string[] = [];
  isClosed = false;

  constructor(path: string) {
    this.path = path;
  }

  send(text: string) {
    this.sent.push(text);
  }

  close() {
    this.isClosed = true;
  }

  receive(...frames: ServerFrame[]) {
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

function scene(after = 0) {
  const connections: FakeConnection[] = [];
  const timers: { delayMs: number; task: () => void }[] = [];
  const seen: string[] = [];
  const socket = followRun(
    "run_1",
    after,
    {
      onEvent: (seq) => seen.push(`event ${seq}`),
      onSettled: ({ chargedCredits }) => seen.push(`settled ${chargedCredits}`),
      onLink: (link) => seen.push(link),
      onLost: () => seen.push("lost"),
      onFinished: () => seen.push("finished"),
    },
    {
      connect(path) {
        const connection = new FakeConnection(path);
        connections.push(connection);
        return connection;
      },
      later(delayMs, task) {
        const timer = { delayMs, task };
        timers.push(timer);
        return () => {
          const index = timers.indexOf(timer);
          if (index !== -1) timers.splice(index, 1);
        };
      },
      random: () => 0,
    },
  );
  return {
    connections,
    timers,
    seen,
    socket,
    latest: () => connections.at(-1)!,
    fire(predicate: (delayMs: number) => boolean) {
      const index = timers.findIndex(({ delayMs }) => predicate(delayMs));
      expect(index).not.toBe(-1);
      timers.splice(index, 1)[0]!.task();
    },
  };
}

const hello: ServerFrame = {
  kind: "hello",
  protocol: 1,
  runId: "run_1",
  attempt: 0,
  status: "running",
  lastSeq: 9,
};
const status: RunEvent = { type: "status", phase: "thinking" };
const event = (seq: number): ServerFrame => ({ kind: "event", seq, event: status });
const isRetry = (delayMs: number) => delayMs < 20_000;

describe("following a run", () => {
  test("it starts behind the cursor that it is given", () => {
    expect(scene(7).latest().path).toBe("/api/v1/ai/runs/run_1/socket?after=7");
  });

  test("after a break it asks for what follows the last event, and delivers none twice", () => {
    const { latest, seen, fire } = scene();
    latest().receive(hello, event(1), event(2));
    latest().onclose?.({ code: 1006 });
    fire(isRetry);
    expect(latest().path).toMatch(/after=2$/);
    latest().receive(hello, event(2), event(3));
    expect(seen).toEqual(["live", "event 1", "event 2", "reconnecting", "live", "event 3"]);
  });

  test("a skipped number is not delivered; the connection is made anew before the gap", () => {
    const { connections, latest, seen, fire } = scene();
    latest().receive(hello, event(1), event(3));
    expect(connections[0]!.isClosed).toBe(true);
    fire(isRetry);
    expect(latest().path).toMatch(/after=1$/);
    expect(seen).not.toContain("event 3");
  });

  test("what a dropped connection still says is ignored", () => {
    const { connections, seen, fire } = scene();
    connections[0]!.receive(hello, event(2));
    fire(isRetry);
    connections[0]!.receive(event(1));
    connections[0]!.onclose?.({ code: 1000 });
    expect(seen).toEqual(["live", "reconnecting"]);
  });

  test("a frame that is no JSON text drops the connection", () => {
    const { connections, seen } = scene();
    connections[0]!.onmessage?.({ data: "{" });
    connections[0]!.onmessage?.({ data: new ArrayBuffer(1) });
    expect(seen).toEqual(["reconnecting"]);
  });

  test("a silent connection is dropped, and any frame ends the silence", () => {
    const { latest, timers, fire, seen } = scene();
    latest().receive(hello);
    expect(timers.filter(({ delayMs }) => delayMs === 60_000)).toHaveLength(1);
    fire((delayMs) => delayMs === 60_000);
    expect(seen).toEqual(["live", "reconnecting"]);
  });

  test("it pings, again and again", () => {
    const { latest, fire } = scene();
    fire((delayMs) => delayMs === 25_000);
    fire((delayMs) => delayMs === 25_000);
    expect(latest().sent).toEqual(['{"kind":"ping"}', '{"kind":"ping"}']);
  });

  test("the wait grows with each failure and starts afresh once a connection stands", () => {
    const { latest, timers, fire } = scene();
    const delays: number[] = [];
    for (let failure = 0; failure < 3; failure += 1) {
      latest().onclose?.({ code: 1006 });
      delays.push(timers.find(({ delayMs }) => isRetry(delayMs))!.delayMs);
      fire(isRetry);
    }
    latest().receive(hello);
    latest().onclose?.({ code: 1006 });
    delays.push(timers.find(({ delayMs }) => isRetry(delayMs))!.delayMs);
    expect(delays).toEqual([200, 400, 800, 200]);
  });

  test("settled and a close with 1000 end it: no timer is left", () => {
    const { latest, seen, timers } = scene();
    const books = { dispatches: 1, settled: 1, unknown: 0, voided: 0, open: 0, closed: true };
    latest().receive(hello, event(1), { kind: "settled", chargedCredits: 5, receipts: 1, books });
    latest().onclose?.({ code: 1000 });
    expect(seen.slice(-2)).toEqual(["settled 5", "finished"]);
    expect(timers).toEqual([]);
  });

  test("at a question the connection stays, with its pings, and the answer's events come over it", () => {
    const { connections, latest, seen, fire, timers } = scene();
    const asked: RunEvent = { type: "interrupt", interruptId: "i1", value: "ok?" };
    latest().receive(hello, event(1), { kind: "event", seq: 2, event: asked });
    fire((delayMs) => delayMs === 25_000);
    latest().receive({ kind: "pong" });
    expect(timers.some(({ delayMs }) => isRetry(delayMs))).toBe(false);
    latest().receive(event(3));
    expect(connections).toHaveLength(1);
    expect(seen).toEqual(["live", "event 1", "event 2", "event 3"]);
  });

  test("after a finished attempt, the next one is followed from where that one ended", () => {
    const first = scene();
    const books = { dispatches: 1, settled: 1, unknown: 0, voided: 0, open: 0, closed: true };
    first.latest().receive(hello, event(1), event(2));
    first.latest().receive({ kind: "settled", chargedCredits: 5, receipts: 1, books });
    first.latest().onclose?.({ code: 1000 });
    const second = scene(2);
    expect(second.latest().path).toMatch(/after=2$/);
    second.latest().receive({ ...hello, attempt: 1 }, event(2), event(3));
    expect(second.seen).toEqual(["live", "event 3"]);
  });

  test("a reset that was missed while the connection was lost comes with the rest", () => {
    const { latest, seen, fire } = scene();
    latest().receive(hello, event(1));
    latest().onclose?.({ code: 1006 });
    fire(isRetry);
    const reset: RunEvent = { type: "text_reset", messageId: "a", nodeKey: "writer" };
    latest().receive(hello, { kind: "event", seq: 2, event: reset }, event(3));
    expect(seen.slice(-2)).toEqual(["event 2", "event 3"]);
  });

  test("a run whose events are gone is not tried again", () => {
    const { latest, seen, timers } = scene();
    latest().onclose?.({ code: 4410 });
    expect(seen).toEqual(["lost"]);
    expect(timers).toEqual([]);
  });

  test("back online it does not wait for its turn, and never opens two", () => {
    const { connections, latest, socket, timers } = scene();
    socket.hurry();
    expect(connections).toHaveLength(1);
    latest().onclose?.({ code: 1006 });
    socket.hurry();
    expect(connections).toHaveLength(2);
    expect(timers.filter(({ delayMs }) => isRetry(delayMs))).toEqual([]);
  });

  test("once closed by the page, it stays closed", () => {
    const { connections, socket, timers } = scene();
    socket.close();
    connections[0]!.onclose?.({ code: 1006 });
    expect(timers).toEqual([]);
    expect(connections).toHaveLength(1);
  });
});
