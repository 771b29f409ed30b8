import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DialectName } from "../../src/base/config.ts";
import type { ServerFrame } from "../../src/protocol.ts";
import { type Child, root, startChild } from "./child.ts";
import { benchModel } from "./bench-model.ts";
import type { Subject, Timing } from "./subject.ts";

const runMsMax = 120_000;
const memoryFolder = "/dev/shm";

/** Runledger as a newcomer starts it: `npm start`, so `wrangler dev` with its proxy. */
export async function startOnWrangler(gatewayBaseUrl: string, tokens: number): Promise<Subject> {
  const port = await freePort();
  const stateDir = temporaryFolder();
  const child = await startChild([join(root, "scripts/start.mjs")], /Stop\s+Ctrl-C/, {
    ...variables(gatewayBaseUrl),
    PORT: String(port),
    STATE_DIR: stateDir,
    CRON_TICK: "off",
  });
  return subjectOf("Runledger on wrangler dev", port, child, tokens);
}

interface Workerd {
  name?: string;
  /** What is bundled and served. */
  entry?: string;
  dialect?: DialectName;
}

/**
 * The same bundle on workerd alone, which is nearer to what serves it in production. State is kept in memory where the
 * system has a file system for it: writing to this machine's disk is no part of a Worker's CPU, and the peer keeps its
 * state in memory too.
 */
export async function startOnWorkerd(
  gatewayBaseUrl: string,
  tokens: number,
  { name = "Runledger on workerd", entry = "src/worker.ts", dialect = "openai" }: Workerd = {},
): Promise<Subject & { url: string }> {
  const port = await freePort();
  const folder = temporaryFolder(existsSync(memoryFolder) ? memoryFolder : tmpdir());
  runWrangler(["deploy", entry, "--dry-run", "--outdir", join(folder, "bundle")]);
  const migrate = ["d1", "migrations", "apply", "runledger", "--local"];
  runWrangler([...migrate, "--persist-to", join(folder, "state")]);
  const host = join(root, "tests/bench/workerd-host.ts");
  const child = await startChild([host, folder, String(port)], /ready/, {
    BENCH_BINDINGS: JSON.stringify({
      AUTH_MODE: "dev",
      API_KEY_PEPPER: "bench",
      ...variables(gatewayBaseUrl, dialect),
    }),
  });
  const subject = subjectOf(name, port, child, tokens);
  return { ...subject, url: `http://127.0.0.1:${port}` };
}

/** As the peers do, the timed subjects speak to an OpenAI-like gateway, which keeps no log to look at afterwards. */
function variables(
  gatewayBaseUrl: string,
  dialect: DialectName = "openai",
): Record<string, string> {
  return {
    GATEWAY_BASE_URL: gatewayBaseUrl,
    GATEWAY_DIALECT: dialect,
    MODEL_CATALOG: JSON.stringify([
      { id: benchModel, inputUsdPerMTok: "0.15", outputUsdPerMTok: "0.60", maxOutputTokens: 8_192 },
    ]),
  };
}

function subjectOf(name: string, port: number, child: Child, tokens: number): Subject {
  return {
    name,
    pid: child.pid,
    run: (prompt) => timeRun(`127.0.0.1:${port}`, "poet", prompt, tokens),
    stop: () => child.stop(),
  };
}

/** Starts a run and watches it over its socket until its usage is in the ledger; timed up to `done`. */
export async function timeRun(
  host: string,
  graph: string,
  message: string,
  tokens: number,
): Promise<Timing & { runId: string }> {
  const started = performance.now();
  const response = await fetch(`http://${host}/api/v1/ai/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ graphId: `langgraph:${graph}`, message, model: benchModel }),
  });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  const { runId } = await response.json<{ runId: string }>();
  const timing = { runId, firstTokenMs: 0, totalMs: 0 };
  let text = "";
  const socket = new WebSocket(`ws://${host}/api/v1/ai/runs/${runId}/socket?after=0`);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${runId} took too long`)), runMsMax);
    socket.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(String(data)) as ServerFrame;
      if (frame.kind === "settled") {
        clearTimeout(timer);
        resolve();
      }
      if (frame.kind !== "event") return;
      if (frame.event.type === "text_delta") {
        if (text === "") timing.firstTokenMs = performance.now() - started;
        text += frame.event.delta;
      }
      if (frame.event.type === "done") timing.totalMs = performance.now() - started;
    });
    socket.addEventListener("error", () => reject(new Error(`${runId}: the socket failed`)));
    socket.addEventListener("close", ({ code }) => {
      reject(new Error(`${runId}: closed with ${code} before it was settled`));
    });
  });
  socket.close();
  const arrived = text.trim().split(" ").length;
  if (arrived !== tokens) throw new Error(`${runId}: ${arrived} tokens arrived, not ${tokens}`);
  return timing;
}

function runWrangler(args: readonly string[]): void {
  const ran = spawnSync("wrangler", args, { cwd: root, encoding: "utf8" });
  if (ran.status !== 0) throw new Error(`wrangler ${args.join(" ")}\n${ran.stdout}${ran.stderr}`);
}

function temporaryFolder(parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, "runledger-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === "string") reject(new Error("no port"));
        else resolve(address.port);
      });
    });
  });
}
