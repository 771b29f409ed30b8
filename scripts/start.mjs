import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { buildClient } from "./build-client.mjs";
import { fireEveryMinute } from "./cron-tick.mjs";
import { describeModels } from "./describe-models.mjs";
import { createFront } from "./front.mjs";
import { whenParentIsGone } from "./parent.mjs";
import { serverLines } from "./server-lines.mjs";
import { formatEnvFile, readSettings } from "./settings.mjs";
import { alone, ensureInstalled, giveUp, root, run, runQuietly, toolEnv } from "./toolchain.mjs";

const readyMsMax = 120_000;
/** A server that was just killed may hold its port for a moment. */
const portFreeMsMax = 5_000;
const stopMsMax = 8_000;

const parent = process.ppid;
const settings = readSettings(process.env, join(root, ".dev.vars"));
const port = parsePort(settings.start.PORT ?? "8787");
const stateDir = resolve(root, settings.start.STATE_DIR ?? ".wrangler/state");
const url = `http://localhost:${port}`;
const loopback = `http://127.0.0.1:${port}`;

await alone(async () => ensureInstalled());
await checkConfig();
await alone(buildClient);
await waitForPort();
mkdirSync(stateDir, { recursive: true });
await runQuietly("Applying the D1 migrations", "wrangler", [
  "d1",
  "migrations",
  "apply",
  "runledger",
  "--local",
  "--persist-to",
  stateDir,
]);
const envFile = join(stateDir, "worker.env");
writeSecret(
  envFile,
  formatEnvFile({ AUTH_MODE: "dev", API_KEY_PEPPER: keptPepper(), ...settings.worker }),
);
await serve();

async function serve() {
  const innerPort = await openFront();
  // Secrets go through the file: arguments are visible to every user of the machine.
  const wrangler = ["wrangler", "dev", "--ip", "127.0.0.1", "--port", String(innerPort)];
  wrangler.push("--inspector-port", "0", "--show-interactive-dev-session=false");
  wrangler.push("--persist-to", stateDir, "--env-file", envFile);
  const server = spawn(
    process.execPath,
    [fileURLToPath(new URL("lifeline.mjs", import.meta.url)), ...wrangler],
    {
      cwd: root,
      // A registry of its own: several instances on one machine must not find each other.
      env: { ...toolEnv, WRANGLER_REGISTRY_PATH: join(stateDir, "registry") },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    },
  );
  const exited = new Promise((done) => server.once("exit", (code) => done(code ?? 1)));
  const output = holdOutput(server);
  const stopping = stopOnSignal(server);

  const failure = await Promise.race([
    waitForHealth(),
    exited.then((code) => `wrangler dev ended with exit code ${code} before the server answered.`),
  ]);
  if (failure !== null && !stopping.asked) {
    output.release();
    stopping.stop();
    await exited;
    rmSync(envFile, { force: true });
    giveUp(failure);
  }
  if (!stopping.asked) {
    sayReady();
    output.pass();
    if (settings.start.CRON_TICK !== "off") fireEveryMinute(`${loopback}/cdn-cgi/local/scheduled`);
  }

  const code = await exited;
  output.flush();
  rmSync(envFile, { force: true });
  process.exit(stopping.asked ? 0 : code);
}

/** Opens the public port and resolves with the one behind it, which nobody needs to know: it is another each time. */
async function openFront() {
  const innerPort = await freePort();
  const front = createFront(innerPort);
  await new Promise((done) => {
    front.once("error", (error) => giveUp(`Port ${port} cannot be listened on: ${error.message}`));
    front.listen({ port, host: "127.0.0.1" }, done);
  });
  return innerPort;
}

function freePort() {
  return new Promise((done) => {
    const probe = createServer();
    probe.listen({ port: 0, host: "127.0.0.1" }, () => {
      const { port: free } = probe.address();
      probe.close(() => done(free));
    });
  });
}

/** Start-up output is kept back, so that a newcomer sees one answer; it is shown when something goes wrong. */
function holdOutput(server) {
  let held = [];
  // One for each stream: a line of one may come between two halves of a line of the other.
  const [out, err] = [0, 1].map(() => serverLines((line) => process.stdout.write(line)));
  let write = (chunk) => held.push(chunk);
  server.stdout.on("data", (chunk) => write(chunk, out));
  server.stderr.on("data", (chunk) => write(chunk, err));
  return {
    pass: () => (write = (chunk, lines) => lines.write(chunk)),
    flush: () => [out, err].forEach((lines) => lines.end()),
    release: () => {
      process.stderr.write(Buffer.concat(held));
      held = [];
      write = (chunk) => process.stderr.write(chunk);
    },
  };
}

/** Ctrl-C ends the whole tree: gently, then by force when it takes too long or is asked twice. */
function stopOnSignal(server) {
  const signalGroup = (signal) => {
    try {
      process.kill(-server.pid, signal);
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
  };
  const stopping = {
    asked: false,
    stop() {
      signalGroup("SIGINT");
      setTimeout(() => signalGroup("SIGKILL"), stopMsMax).unref();
    },
  };
  const onAsked = () => {
    if (stopping.asked) return signalGroup("SIGKILL");
    stopping.asked = true;
    stopping.stop();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, onAsked);
  // Only under npm: who starts this script by itself may want it to outlive the shell.
  if (process.env.npm_lifecycle_event !== undefined) {
    whenParentIsGone(parent, () => {
      if (!stopping.asked) onAsked();
    });
  }
  return stopping;
}

async function waitForHealth() {
  let last = "no answer";
  for (const end = Date.now() + readyMsMax; Date.now() < end; await pause(150)) {
    try {
      const answer = await fetch(`${loopback}/api/v1/health`, {
        signal: AbortSignal.timeout(5_000),
      });
      if (answer.ok) return null;
      last = `status ${answer.status}`;
    } catch (error) {
      last = error.cause?.code ?? error.name;
    }
  }
  return `The server did not become healthy within ${readyMsMax / 1_000} seconds (${last}).`;
}

async function waitForPort() {
  for (const end = Date.now() + portFreeMsMax; !(await isPortFree()); await pause(200)) {
    if (Date.now() < end) continue;
    giveUp(
      `Port ${port} is in use. Stop what runs there, or choose another one: PORT=${port + 1} npm start`,
    );
  }
}

function isPortFree() {
  return new Promise((done) => {
    const probe = createServer();
    probe.once("error", () => done(false));
    probe.listen({ port, host: "127.0.0.1" }, () => probe.close(() => done(true)));
  });
}

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/** By the Worker's own parser, which this script's Node may be too old to load. */
async function checkConfig() {
  const env = { ...settings.worker, ...toolEnv };
  const code = await run("node", [join(root, "scripts/check-config.mjs")], { env });
  if (code !== 0) process.exit(code);
}

function parsePort(text) {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
  return giveUp(`PORT must be a number from 1 to 65535, not ${JSON.stringify(text)}.`);
}

/** Keys that were handed out must work after a restart, so their pepper is kept with the state. */
function keptPepper() {
  const path = join(stateDir, "api-key-pepper");
  if (!existsSync(path)) writeSecret(path, randomBytes(32).toString("hex"));
  return readFileSync(path, "utf8");
}

/** Readable by the owner only, also when an older file was not. */
function writeSecret(path, text) {
  rmSync(path, { force: true });
  writeFileSync(path, text, { mode: 0o600, flag: "wx" });
}

function sayReady() {
  const schedules =
    settings.start.CRON_TICK === "off"
      ? "left to you (CRON_TICK=off): GET /cdn-cgi/local/scheduled fires one tick"
      : "fired every minute";
  console.log(`
Runledger is running.

  Chat       ${url}/
  Activity   ${url}/activity
  API        ${url}/api/v1/openapi.json
  Models     ${describeModels(settings.worker)}
  Schedules  ${schedules}
  State      ${relative(process.cwd(), stateDir) || "."} (remove it to start afresh)
  Stop       Ctrl-C
`);
}
