import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startFakeGateway } from "../fake-gateway/server.ts";
import type { FakeGateway } from "../fake-gateway/server.ts";

export const adminToken = "browser-tests";

export interface Product {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  url: string;
  gateway: FakeGateway;
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const readyMsMax = 100_000;
const model = {
  id: "gpt-test",
  name: "Test model",
  provider: "fake",
  inputUsdPerMTok: "0.15",
  outputUsdPerMTok: "0.60",
  contextTokens: 32_000,
  maxOutputTokens: 2_000,
};

/**
 * The real product, as `npm start` runs it, on a port and a state of its own. Its model is the fake gateway, so that a
 * test decides what the model says by writing it into the message.
 */
export async function startProduct(): Promise<Product> {
  const gateway = await startFakeGateway();
  const port = await freePort();
  const stateDir = mkdtempSync(join(tmpdir(), "runledger-browser-"));
  const url = `http://127.0.0.1:${port}`;
  const output: string[] = [];
  const started = spawn(process.execPath, [join(root, "scripts/start.mjs")], {
    cwd: root,
    env: {
      ...process.env,
      PORT: String(port),
      STATE_DIR: stateDir,
      CRON_TICK: "off",
      ADMIN_TOKEN: adminToken,
      GATEWAY_DIALECT: "litellm",
      GATEWAY_BASE_URL: `${gateway.url}/v1`,
      GATEWAY_API_KEY: "sk-fake",
      MODEL_CATALOG: JSON.stringify([model]),
      DEMO_PACE_MS: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.stdout.on("data", (chunk) => output.push(String(chunk)));
  started.stderr.on("data", (chunk) => output.push(String(chunk)));

  async function stop() {
    await end(started);
    await gateway.close();
    rmSync(stateDir, { recursive: true, force: true });
  }

  const failure = await waitForHealth(url, started);
  if (failure === null) return { url, gateway, stop };
  await stop();
  throw new Error(`${failure}\n${output.join("")}`);
}

/** The version must be this tree's, so that a foreign server on the port is not taken for ours. */
async function waitForHealth(url: string, started: ChildProcess): Promise<string | null> {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const end = Date.now() + readyMsMax; Date.now() < end; await pause(200)) {
    if (started.exitCode !== null) return `start ended with exit code ${started.exitCode}.`;
    const answer = await fetch(`${url}/api/v1/health`).catch(() => null);
    if (answer === null || !answer.ok) continue;
    const health = (await answer.json()) as { ok: boolean; version: string };
    return health.ok && health.version === version
      ? null
      : `Another server answers on ${url}: ${JSON.stringify(health)}`;
  }
  return `The product was not healthy within ${readyMsMax / 1_000} s.`;
}

/** `start` passes the signal on to its whole process group. */
async function end(started: ChildProcess): Promise<void> {
  if (started.exitCode !== null) return;
  const exited = new Promise((resolve) => started.once("exit", resolve));
  started.kill("SIGTERM");
  const force = setTimeout(() => started.kill("SIGKILL"), 15_000);
  await exited;
  clearTimeout(force);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
