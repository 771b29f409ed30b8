import { once } from "node:events";
import { createServer, request } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, it } from "vitest";

// By a computed name, because the scripts are plain JavaScript without declarations.
const script = new URL("../../scripts/front.mjs", import.meta.url).href;
const { createFront } = (await import(script)) as { createFront(port: number): Server };

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A front before a server that answers like this; its port. */
async function frontOf(
  answer: (asked: IncomingMessage, answer: ServerResponse) => void,
  upgrade?: (asked: IncomingMessage, socket: Socket) => void,
): Promise<number> {
  const inner = createServer(answer);
  if (upgrade !== undefined) inner.on("upgrade", upgrade);
  return listen(createFront(await listen(inner)));
}

/** Sends the text as it is; resolves with all that comes back until the other end closes. */
async function sendRaw(port: number, sent: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(sent);
  return text(socket);
}

it("passes everything on as it came, but for Miniflare's own headers", async () => {
  const port = await frontOf((asked, answer) => {
    void text(asked).then((body) => {
      const lines = asked.rawHeaders.map((part) => part.toLowerCase()).join(" ");
      answer.writeHead(418, "Odd", [
        ["set-cookie", "a"],
        ["set-cookie", "b"],
      ]);
      answer.end(`${asked.method} ${asked.url} ${lines} ${body}`);
    });
  });
  const answer = await sendRaw(
    port,
    "POST /a?b=%20 HTTP/1.1\r\nHost: rebound.example\r\nMF-Original-URL: http://localhost/\r\nmf-anything: x\r\n" +
      "X-Twice: 1\r\nX-Twice: 2\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody",
  );
  expect(answer).toMatch(/^HTTP\/1.1 418 Odd\r\nset-cookie: a\r\nset-cookie: b\r\n/);
  expect(answer).toContain(
    "POST /a?b=%20 host rebound.example x-twice 1 x-twice 2 content-length 4",
  );
  expect(answer).toContain(" body");
  expect(answer).not.toContain("mf-");
});

it("passes a stream on piece by piece, and closes it when its reader leaves", async () => {
  let streaming: ServerResponse | undefined;
  const port = await frontOf((_asked, answer) => {
    streaming = answer;
    answer.writeHead(200).flushHeaders();
  });
  const asked = request({ port, host: "127.0.0.1" }).end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  for (const piece of ["one", "two"]) {
    streaming?.write(piece);
    expect(String((await once(answer, "data"))[0])).toBe(piece);
  }
  answer.on("error", () => {});
  asked.destroy();
  if (streaming?.closed === false) await once(streaming, "close");
});

it("passes a socket on both ways, and closes it with either end", async () => {
  const seen: string[] = [];
  const port = await frontOf(
    () => {},
    (asked, socket) => {
      seen.push(...asked.rawHeaders.map((part) => part.toLowerCase()));
      socket.write("HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello");
      socket.once("data", (data) => socket.end(`you said ${String(data)}`));
    },
  );
  const answer = await sendRaw(
    port,
    "GET /socket HTTP/1.1\r\nHost: a\r\nMF-Original-URL: http://localhost/\r\nConnection: Upgrade\r\n" +
      "Upgrade: websocket\r\n\r\nhi",
  );
  expect(answer).toBe(
    "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhelloyou said hi",
  );
  expect(seen).toContain("upgrade");
  expect(seen).not.toContain("mf-original-url");
});

it("answers a refused socket, and takes no second request from it", async () => {
  const asked: (string | undefined)[] = [];
  const port = await frontOf((inner, answer) => {
    asked.push(inner.url);
    answer.writeHead(403).end("no");
  });
  const upgrade =
    "GET /first HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  const answer = await sendRaw(port, `${upgrade}GET /second HTTP/1.1\r\nHost: a\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1.1 403 Forbidden\r\n/);
  expect(asked).toEqual(["/first"]);
});

it("outlives a client that vanishes while its socket or its request is being answered", async () => {
  const reached = createServer();
  const inner = createServer(() => reached.emit("asked"));
  inner.on("upgrade", (_asked, socket) => {
    socket.on("error", () => {});
    reached.emit("asked");
  });
  const port = await listen(createFront(await listen(inner)));
  for (const extra of ["", "Connection: Upgrade\r\nUpgrade: websocket\r\n"]) {
    const socket = connect(port, "127.0.0.1");
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${extra}Content-Length: 9\r\n\r\nbody`);
    await once(reached, "asked");
    socket.resetAndDestroy();
    await once(socket, "close");
  }
  inner.removeAllListeners("request").on("request", (_asked, answer: ServerResponse) => {
    answer.end("still here");
  });
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("still here");
});

it("says so when nothing answers behind it", async () => {
  const inner = createServer();
  const gone = await listen(inner);
  inner.close();
  const port = await listen(createFront(gone));
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(502);
});
