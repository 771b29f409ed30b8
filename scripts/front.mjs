import { createServer, request, ServerResponse } from "node:http";

/**
 * A server that passes everything on to `wrangler dev` on 127.0.0.1 but Miniflare's own headers. By `MF-Original-URL`
 * anybody may choose the address that the Worker believes it was asked at, and the real Host header is lost: a page under
 * a name that was made to point at this machine (DNS rebinding) would pass for localhost and act as the demo account.
 */
export function createFront(port) {
  const server = createServer((asked, answer) => forward(asked, answer, port));
  server.on("upgrade", (asked, socket, head) => {
    const answer = new ServerResponse(asked);
    answer.assignSocket(socket);
    answer.once("finish", () => socket.end());
    // The server takes its own listener away from such a socket.
    socket.on("error", () => answer.destroy());
    // Nobody reads a second request from this socket.
    answer.shouldKeepAlive = false;
    forward(asked, answer, port).once("upgrade", (agreed, inner, innerHead) => {
      answer.detachSocket(socket);
      socket.write(statusLine(agreed) + linesOf(agreed.rawHeaders));
      join(socket, head, inner, innerHead);
    });
  });
  return server;
}

function forward(asked, answer, port) {
  const { method, url } = asked;
  const isUpgrade = asked.headers.upgrade !== undefined;
  const headers = pairs(asked.rawHeaders).filter(
    ([name]) => !/^mf-/i.test(name) && (isUpgrade || !isOfConnection(name)),
  );
  // A connection each: one that is kept may be closed by the other end just when it is used again.
  const passed = request({ host: "127.0.0.1", port, agent: false, method, path: url, headers });
  passed.once("response", (got) => {
    const kept = pairs(got.rawHeaders).filter(([name]) => !isOfConnection(name));
    answer.writeHead(got.statusCode, got.statusMessage, kept);
    answer.flushHeaders();
    got.once("error", () => answer.destroy());
    got.pipe(answer);
  });
  passed.on("error", () => {
    if (answer.headersSent || answer.destroyed) answer.destroy();
    else answer.writeHead(502).end("The server behind this address does not answer.\n");
  });
  answer.on("error", () => passed.destroy());
  answer.once("close", () => passed.destroy());
  asked.pipe(passed);
  return passed;
}

function isOfConnection(name) {
  return /^(connection|keep-alive)$/i.test(name);
}

function pairs(rawHeaders) {
  return rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1]]] : []));
}

function statusLine({ statusCode, statusMessage }) {
  return `HTTP/1.1 ${statusCode} ${statusMessage}\r\n`;
}

function linesOf(rawHeaders) {
  return `${pairs(rawHeaders)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}\r\n`;
}

/** Two sockets that live and die together. */
function join(one, head, other, otherHead) {
  for (const [from, to, first] of [
    [one, other, head],
    [other, one, otherHead],
  ]) {
    from.on("error", () => to.destroy());
    from.once("close", () => to.destroy());
    to.write(first);
    from.pipe(to);
  }
}
