import type { Page, WebSocketRoute } from "playwright-core";
import type { RunEvent } from "../../src/ports/ai-event.ts";
import type { ServerFrame } from "../../src/protocol.ts";

export interface ScriptedRun {
  /** Sends events to the page, numbered on from those before. */
  tell(...events: RunEvent[]): Promise<void>;
  /** Breaks the connection off, and resolves with the cursor that the page comes back with. */
  cut(): Promise<string>;
}

const books = { dispatches: 1, settled: 1, unknown: 0, voided: 0, open: 0, closed: true };

/** Stands in for a run's socket, so that a test decides what a run goes through: what only a crash would bring about. */
export async function scriptedRun(page: Page): Promise<ScriptedRun> {
  let arrived = Promise.withResolvers<WebSocketRoute>();
  let seq = 0;
  const send = (socket: WebSocketRoute, frame: ServerFrame) => socket.send(JSON.stringify(frame));
  await page.routeWebSocket(/\/socket\?/, (socket) => {
    send(socket, {
      kind: "hello",
      protocol: 1,
      runId: "run_scripted",
      attempt: 0,
      status: "running",
      lastSeq: seq,
    });
    arrived.resolve(socket);
  });
  return {
    async tell(...events) {
      const socket = await arrived.promise;
      for (const event of events) {
        seq += 1;
        send(socket, { kind: "event", seq, event });
      }
      if (events.at(-1)?.type !== "done") return;
      send(socket, { kind: "settled", chargedCredits: 1, receipts: 1, books });
      await socket.close({ code: 1000 });
    },
    async cut() {
      const socket = await arrived.promise;
      arrived = Promise.withResolvers();
      await socket.close({ code: 1012 });
      return new URL((await arrived.promise).url()).searchParams.get("after") ?? "";
    },
  };
}
