import { utf8Length } from "../../base/utf8.ts";
import { clientFrameBytesMax, closeCodes, parseClientFrame } from "../../protocol.ts";
import type { ClientFrame, ServerFrame, SettledFrame } from "../../protocol.ts";
import type { LoggedEvent } from "./event-log.ts";

export interface Greeting {
  hello: Extract<ServerFrame, { kind: "hello" }>;
  /** Events after the viewer's cursor. */
  events: readonly LoggedEvent[];
  /** Present when the run has already been settled: the viewer is sent it and closed. */
  settled: SettledFrame | null;
}

interface Attachment {
  mayWrite: boolean;
}

/**
 * The platform does not say how much of what was sent a viewer has yet to read, so one connection is given this much and
 * no more: a viewer that reads comes back with its cursor, one that does not costs no more memory than this.
 */
export const socketCharsMax = 8 * 1024 * 1024;

/** Hibernating WebSockets: the object may sleep while they stay open, so nothing about them is kept in memory. */
export class Sockets {
  readonly #context: DurableObjectState;
  readonly #charsMax: number;
  /** Sent to each since this instance knows it; after a sleep nothing waits to be read any more. */
  readonly #sent = new WeakMap<WebSocket, number>();

  constructor(context: DurableObjectState, charsMax = socketCharsMax) {
    this.#context = context;
    this.#charsMax = charsMax;
    const ping = JSON.stringify({ kind: "ping" } satisfies ClientFrame);
    const pong = JSON.stringify({ kind: "pong" } satisfies ServerFrame);
    context.setWebSocketAutoResponse(new WebSocketRequestResponsePair(ping, pong));
  }

  /** null: the cursor makes no sense; the socket is accepted only to be closed with the code that says so. */
  accept(greeting: Greeting | null, mayWrite: boolean): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#context.acceptWebSocket(server);
    // Kept with the socket, because the object may sleep before the first frame comes.
    server.serializeAttachment({ mayWrite } satisfies Attachment);
    if (greeting === null) {
      server.close(closeCodes.badCursor, "The cursor is not the number of an event of this run.");
    } else {
      this.#send(server, greeting.hello);
      for (const event of greeting.events) this.#sendText(server, eventFrame(event));
      if (greeting.settled !== null) this.#finish(server, greeting.settled);
    }
    return new Response(null, { status: 101, webSocket: client });
  }

  publish(event: LoggedEvent): void {
    const sockets = this.#context.getWebSockets();
    if (sockets.length === 0) return;
    const frame = eventFrame(event);
    for (const socket of sockets) this.#sendText(socket, frame);
  }

  settle(frame: SettledFrame): void {
    for (const socket of this.#context.getWebSockets()) this.#finish(socket, frame);
  }

  /** A client's frame, or null when there was none to act on (it has been answered). */
  read(socket: WebSocket, message: string | ArrayBuffer): ClientFrame | null {
    const size = typeof message === "string" ? utf8Length(message) : message.byteLength;
    if (size > clientFrameBytesMax) {
      socket.close(closeCodes.tooBig, "Frames are at most 64 KiB.");
      return null;
    }
    const frame = typeof message === "string" ? parseClientFrame(message) : null;
    if (frame === null) {
      this.#send(socket, {
        kind: "error",
        code: "invalid_request",
        message:
          'Not a frame of this protocol. Send {"kind":"cancel"}, "resume" or "ping" as text.',
      });
      return null;
    }
    if (frame.kind === "ping") {
      this.#send(socket, { kind: "pong" });
      return null;
    }
    const { mayWrite } = socket.deserializeAttachment() as Attachment;
    if (mayWrite) return frame;
    this.refuse(socket, "forbidden", "This credential may watch runs and not act on them.");
    return null;
  }

  refuse(socket: WebSocket, code: string, message: string): void {
    this.#send(socket, { kind: "error", code, message });
  }

  #send(socket: WebSocket, frame: ServerFrame): void {
    this.#sendText(socket, JSON.stringify(frame));
  }

  #sendText(socket: WebSocket, text: string): void {
    // A viewer that has left must not disturb the run; its close event follows.
    if (socket.readyState !== WebSocket.READY_STATE_OPEN) return;
    socket.send(text);
    const sent = (this.#sent.get(socket) ?? 0) + text.length;
    this.#sent.set(socket, sent);
    if (sent > this.#charsMax) {
      socket.close(closeCodes.comeBack, "Come back with the number of the last event you have.");
    }
  }

  #finish(socket: WebSocket, frame: SettledFrame): void {
    this.#send(socket, frame);
    if (socket.readyState !== WebSocket.READY_STATE_OPEN) return;
    socket.close(closeCodes.finished, "finished");
  }
}

/** The event's JSON is used as it was stored: nothing is parsed or stringified twice. */
function eventFrame({ seq, json }: LoggedEvent): string {
  return `{"kind":"event","seq":${seq},"event":${json}}`;
}
