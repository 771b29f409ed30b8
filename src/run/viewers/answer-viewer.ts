import { protocolVersion } from "../../protocol.ts";
import type { SettledFrame } from "../../protocol.ts";
import { mayWriteHeader } from "../get-run.ts";
import { parseCursor } from "./cursor.ts";
import type { OpenRun } from "../open-run.ts";
import { settledFrame } from "./run-view.ts";
import type { Greeting, Sockets } from "./sockets.ts";
import type { SseViewers } from "./sse.ts";

export interface ViewerDoors {
  sockets: Sockets;
  sse: SseViewers;
}

/** Answers a request to watch a run. Replay and joining the live viewers happen without an await: no event falls between. */
export function answerViewer(request: Request, run: OpenRun | null, doors: ViewerDoors): Response {
  if (run === null) return problem(404, "not_found", "There is no such run.");
  if (run.state.present.purgedAtSeq !== null) {
    return problem(410, "gone", "The events of this run are no longer kept.");
  }
  const url = new URL(request.url);
  const after = url.searchParams.get("after");
  if (url.pathname.endsWith("/socket")) {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return problem(426, "upgrade_required", "Open this address as a WebSocket.");
    }
    const mayWrite = request.headers.has(mayWriteHeader);
    return watchBySocket(run, parseCursor(after, run.events.lastSeq), mayWrite, doors.sockets);
  }
  return watchBySse(run, request.headers.get("last-event-id"), after, doors.sse);
}

function watchBySocket(
  run: OpenRun,
  cursor: number | null,
  mayWrite: boolean,
  sockets: Sockets,
): Response {
  if (cursor === null) return sockets.accept(null, mayWrite);
  const { attempt, status, start } = run.state.present;
  const { runId } = start.context;
  const { lastSeq } = run.events;
  const greeting: Greeting = {
    hello: { kind: "hello", protocol: protocolVersion, runId, attempt, status, lastSeq },
    events: run.events.read(cursor),
    settled: settledIfOver(run),
  };
  return sockets.accept(greeting, mayWrite);
}

function watchBySse(
  run: OpenRun,
  lastEventId: string | null,
  after: string | null,
  sse: SseViewers,
): Response {
  const { lastSeq } = run.events;
  const cursor = parseCursor(lastEventId ?? after, lastSeq);
  if (cursor === null) {
    return problem(
      400,
      "invalid_request",
      `The cursor is not the number of an event of this run: use 0 to ${lastSeq}.`,
    );
  }
  const isLive = run.state.present.status === "running";
  // EventSource reconnects on its own for ever; 204 is how it is told that there is nothing more.
  if (lastEventId !== null && cursor === lastSeq && !isLive)
    return new Response(null, { status: 204 });
  const isWaiting = run.state.present.status === "interrupted";
  return sse.open(run.events.read(cursor), isWaiting ? "waiting" : settledIfOver(run));
}

function settledIfOver(run: OpenRun): SettledFrame | null {
  const { phase, status } = run.state.present;
  return phase === "settled" && status !== "interrupted" ? settledFrame(run) : null;
}

function problem(status: number, code: string, message: string): Response {
  return Response.json({ error: { code, message } }, { status });
}
