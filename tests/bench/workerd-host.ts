import { readdirSync } from "node:fs";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, Response } from "miniflare";
import { unstable_readConfig as readConfig } from "wrangler";

/** `node workerd-host.ts <folder> <port>`: serves `<folder>/bundle` on workerd, with the D1 of `<folder>/state`. */
const [folder, port] = process.argv.slice(2);
if (folder === undefined || port === undefined) throw new Error("needs a folder and a port");

const config = readConfig({ config: "wrangler.toml" }, { hideWarnings: true });
const [database] = config.d1_databases;
const bundle = join(folder, "bundle");
const entry = readdirSync(bundle).find((name) => name.endsWith("worker.js"));
if (entry === undefined || database === undefined) throw new Error("nothing to serve");

const options = convertV4MiniflareOptions({
  host: "127.0.0.1",
  // The bundle itself answers on the port: Miniflare's own Worker in front of it has no counterpart in production.
  unsafeDirectSockets: [{ host: "127.0.0.1", port: Number(port) }],
  log: new Log(LogLevel.ERROR),
  // Miniflare would print every line of the product's log once more, in a process that production does not have.
  handleStructuredLogs: () => {},
  cf: false,
  name: "runledger",
  rootPath: bundle,
  modules: true,
  scriptPath: entry,
  compatibilityDate: config.compatibility_date ?? "2026-10-01",
  compatibilityFlags: config.compatibility_flags,
  bindings: JSON.parse(process.env["BENCH_BINDINGS"] ?? "{}") as Record<string, string>,
  durableObjects: { RUNS: { className: "RunObject", useSQLite: true } },
  d1Databases: { [database.binding]: database.database_id ?? database.binding },
  resourcePersistencePath: join(folder, "state/v3"),
  serviceBindings: { ASSETS: () => new Response("no assets here", { status: 404 }) },
});
const miniflare = new Miniflare(options);
await miniflare.ready;
console.log("ready");
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => void miniflare.dispose().then(() => process.exit(0)));
}
