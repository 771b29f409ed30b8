import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. Every script works from here, wherever it was called from. */
export const root = fileURLToPath(new URL("..", import.meta.url));

const stamp = join(root, "node_modules", ".runledger-installed");

/**
 * The environment of every tool: `node_modules/.bin` first on PATH, so that tools run on the Node of the `node` package
 * whatever the machine has, and nothing that talks to the network by itself.
 */
export const toolEnv = {
  ...process.env,
  PATH: [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_WRITE_LOGS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
};

/** Installs the dependencies of the current lockfile unless exactly these are there; ends the process when it cannot. */
export function ensureInstalled() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  // The stamp is written last and `npm ci` removes it first, so an install that broke off is done again.
  if (existsSync(stamp) && readFileSync(stamp, "utf8").trim() === wanted) return;
  console.log("Installing dependencies (npm ci). This needs the npm registry, once per lockfile.");
  const installed = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
  });
  if (installed.status !== 0) {
    giveUp("npm ci failed, see above. Nothing was started; run the same command again to retry.");
  }
  const node = spawnSync("node", ["--version"], { env: toolEnv, encoding: "utf8" });
  if (node.status !== 0 || !/^v(2[2-9]|[3-9]\d)\./.test(node.stdout)) {
    giveUp(
      "The `node` package was installed without its binary: npm was told to ignore install scripts.\n" +
        "Allow them (`npm config get ignore-scripts`), remove node_modules and run the same command again.",
    );
  }
  writeFileSync(stamp, `${wanted}\n`);
}

/**
 * Runs `work` while no other script of this checkout does: two first starts at once would install over each other. A lock
 * whose holder died is taken over.
 */
export async function alone(work) {
  const lock = join(root, ".wrangler", "setup.lock");
  mkdirSync(join(root, ".wrangler"), { recursive: true });
  for (let said = false; !takeLock(lock); said = true) {
    if (!said)
      console.log("Waiting for another Runledger script that is setting up this checkout.");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function takeLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  if (!holderIsAlive(lock)) rmSync(lock, { force: true });
  return false;
}

function holderIsAlive(lock) {
  try {
    // An empty file is a lock between its creation and its first byte.
    const text = readFileSync(lock, "utf8");
    if (text === "") return true;
    process.kill(Number(text), 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Runs a tool in the foreground and resolves with its exit code; a signal counts as failure. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: toolEnv, stdio: "inherit", ...options });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

/** Runs a tool quietly; its output is shown only when it fails, and then the process ends. */
export async function runQuietly(what, command, args) {
  const output = [];
  const exit = await new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: toolEnv,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.on("data", (chunk) => output.push(chunk));
    child.stderr.on("data", (chunk) => output.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
  if (exit === 0) return;
  process.stderr.write(Buffer.concat(output));
  giveUp(`${what} failed, see above.`);
}

export function giveUp(message) {
  console.error(`\n${message}`);
  process.exit(1);
}
