import type { RunSocketDeps } from "./run-socket.ts";

/** The real connections and timers of a page. */
export const browserSocketDeps: RunSocketDeps = {
  connect(path) {
    const url = new URL(path, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    return {
      set onmessage(handler: ((event: { data: unknown }) => void) | null) {
        socket.onmessage = handler;
      },
      set onclose(handler: ((event: { code: number }) => void) | null) {
        socket.onclose = handler;
      },
      send(text) {
        if (socket.readyState === WebSocket.OPEN) socket.send(text);
      },
      close() {
        socket.close();
      },
    };
  },
  later(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};
