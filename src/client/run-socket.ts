import type { ServerFrame, SettledFrame } from "../protocol.ts";
import type { RunEvent } from "../ports/ai-event.ts";
import { judgeClose, reconnectDelayMs } from "./reconnect.ts";

/** The part of a browser's WebSocket that is used. */
export interface RunConnection {
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface RunSocketDeps {
  connect(path: string): RunConnection;
  /** Runs `task` later; the returned function prevents that. */
  later(delayMs: number, task: () => void): () => void;
  random(): number;
}

export interface RunViewer {
  /** In order, without gap or repeat. */
  onEvent(seq: number, event: RunEvent): void;
  onSettled(frame: SettledFrame): void;
  onLink(link: "live" | "reconnecting"): void;
  /** No further connection is tried. */
  onLost(message: string): void;
  /** The server closed the log because the run is over. */
  onFinished(): void;
}

export interface RunSocket {
  /** Tries again at once, for instance because the browser is back online. */
  hurry(): void;
  close(): void;
}

/** Shorter than the idle limits of the proxies between here and there. */
const pingEveryMs = 25_000;
const silenceMsMax = 60_000;

/**
 * Follows one run from `after`, through as many connections as it takes. A connection that goes silent, breaks off or
 * skips a number is dropped, and the next one starts behind the last event that was delivered.
 */
export function followRun(
  runId: string,
  after: number,
  viewer: RunViewer,
  deps: RunSocketDeps,
): RunSocket {
  let lastSeq = after;
  let failures = 0;
  let connection: RunConnection | null = null;
  let cancelSilence = () => {};
  let cancelPing = () => {};
  let cancelRetry: (() => void) | null = null;

  function clearTimers() {
    cancelSilence();
    cancelPing();
    cancelRetry?.();
    cancelRetry = null;
  }

  function open() {
    clearTimers();
    const opened = deps.connect(
      `/api/v1/ai/runs/${encodeURIComponent(runId)}/socket?after=${lastSeq}`,
    );
    connection = opened;
    watchSilence();
    schedulePing();
    opened.onmessage = ({ data }) => {
      if (connection !== opened) return;
      watchSilence();
      const frame = parseFrame(data);
      if (frame === null) drop();
      else receive(frame);
    };
    opened.onclose = ({ code }) => {
      if (connection === opened) closed(code);
    };
  }

  function receive(frame: ServerFrame) {
    switch (frame.kind) {
      case "hello":
        failures = 0;
        viewer.onLink("live");
        return;
      case "event":
        if (frame.seq <= lastSeq) return;
        if (frame.seq > lastSeq + 1) return drop();
        lastSeq = frame.seq;
        viewer.onEvent(frame.seq, frame.event);
        return;
      case "settled":
        viewer.onSettled(frame);
        return;
      case "error":
        console.warn(`run socket: ${frame.code}`);
        return;
      case "pong":
        return;
    }
  }

  function watchSilence() {
    cancelSilence();
    cancelSilence = deps.later(silenceMsMax, drop);
  }

  function schedulePing() {
    cancelPing = deps.later(pingEveryMs, () => {
      connection?.send(JSON.stringify({ kind: "ping" }));
      schedulePing();
    });
  }

  /** Does not wait for the close handshake, which a dead connection never finishes. */
  function drop() {
    const dropped = connection;
    connection = null;
    dropped?.close();
    retry();
  }

  function closed(code: number) {
    connection = null;
    clearTimers();
    const verdict = judgeClose(code);
    if (verdict.kind === "finished") viewer.onFinished();
    else if (verdict.kind === "lost") viewer.onLost(verdict.message);
    else retry();
  }

  function retry() {
    clearTimers();
    viewer.onLink("reconnecting");
    cancelRetry = deps.later(reconnectDelayMs(failures, deps.random), open);
    failures += 1;
  }

  open();
  return {
    hurry() {
      if (cancelRetry !== null) open();
    },
    close() {
      clearTimers();
      const closing = connection;
      connection = null;
      closing?.close();
    },
  };
}

/** null when it is not JSON text; the shape is the server's word, which this page was served by too. */
function parseFrame(data: unknown): ServerFrame | null {
  if (typeof data !== "string") return null;
  try {
    return JSON.parse(data) as ServerFrame;
  } catch {
    return null;
  }
}
