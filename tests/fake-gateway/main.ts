import { createServer } from "node:net";
import { parseArgs } from "node:util";
import { startFakeGateway } from "./server.ts";

// Runs the fake as a process: `npx node tests/fake-gateway/main.ts --port 0` prints one line `{"url": "…"}`.
const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    host: { type: "string", default: "127.0.0.1" },
  },
});
const gateway = await startFakeGateway({ port: Number(values.port), host: values.host });
// The gateway's own server is unref'ed for tests; this one keeps the process alive.
createServer().listen(0, "127.0.0.1");
console.log(JSON.stringify({ url: gateway.url }));
