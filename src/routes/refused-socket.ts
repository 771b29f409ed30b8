import { closeCodes } from "../protocol.ts";

const closings = {
  unauthenticated: { code: closeCodes.unauthenticated, reason: "unauthenticated" },
  not_found: { code: closeCodes.notFound, reason: "not found" },
  gone: { code: closeCodes.gone, reason: "gone" },
} as const;

/** Elsewhere an upgrade means nothing and the request is answered like any other. */
export function isSocketUpgrade(request: Request): boolean {
  const isUpgrade = request.headers.get("upgrade")?.toLowerCase() === "websocket";
  return isUpgrade && new URL(request.url).pathname.endsWith("/socket");
}

/**
 * Accepts a socket and closes it with a code that says why. A browser's script cannot read the status of a refused
 * upgrade, so a plain 401 or 404 would look like a broken network and be retried for ever.
 */
export function refusedSocket(refusal: keyof typeof closings): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.close(closings[refusal].code, closings[refusal].reason);
  return new Response(null, { status: 101, webSocket: client });
}
