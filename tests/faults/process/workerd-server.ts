import { readdirSync } from "node:fs";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, Response } from "miniflare";
import { unstable_readConfig as readConfig } from "wrangler";

/** `node workerd-server.ts <bundle> <state> <port>`: serves the product until it is killed or its input closes. */
const [bundle, state, port] = process.argv.slice(2);
if (bundle === undefined || state === undefined || port === undefined)
  throw new Error("needs a bundle, a state folder and a port");

const config = readConfig({ config: "wrangler.toml" }, { hideWarnings: true });
const [database] = config.d1_databases;
const entry = readdirSync(bundle).find((name) => name.endsWith("worker.js"));
if (entry === undefined || database === undefined) throw new Error("nothing to serve");

// A driver that died without a word leaves nothing running.
process.stdin.resume();
process.stdin.once("close", () => process.kill(-process.pid, "SIGKILL"));

const options = convertV4MiniflareOptions({
  host: "127.0.0.1",
  port: Number(port),
  log: new Log(LogLevel.WARN),
  cf: false,
  name: "runledger",
  rootPath: bundle,
  modules: true,
  scriptPath: entry,
  compatibilityDate: config.compatibility_date ?? "2026-10-01",
  compatibilityFlags: config.compatibility_flags,
  bindings: JSON.parse(process.env["FAULTS_VARIABLES"] ?? "{}") as Record<string, string>,
  durableObjects: { RUNS: { className: "RunObject", useSQLite: true } },
  d1Databases: { [database.binding]: database.database_id ?? database.binding },
  resourcePersistencePath: state,
  unsafeTriggerHandlers: true,
  serviceBindings: { ASSETS: () => new Response("no assets here", { status: 404 }) },
});
await new Miniflare(options).ready;
