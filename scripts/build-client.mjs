import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesUnder } from "./files-under.mjs";
import { root, runQuietly } from "./toolchain.mjs";

const assets = join(root, "dist", "client");
const stamp = join(root, "dist", ".client-inputs");
/** Everything that the browser bundle is made from; more than it needs, so that nothing is missed. */
const inputs = ["vite.config.ts", "package-lock.json", "public", "src"];

/** wrangler refuses to start without its assets directory, also where no page is asked for. */
export function ensureAssetsDirectory() {
  mkdirSync(assets, { recursive: true });
}

/**
 * Builds the client scripts into `dist/client`, unless they are there and their sources have not changed: a rebuild would
 * empty the directory under a server that is running from it.
 */
export async function buildClient() {
  const wanted = hashOf(inputs);
  ensureAssetsDirectory();
  const isBuilt = existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (isBuilt && readdirSync(assets).length > 0) return;
  await runQuietly("Building the client (vite build)", "vite", ["build", "--logLevel", "warn"]);
  writeFileSync(stamp, wanted);
}

function hashOf(paths) {
  const hash = createHash("sha256");
  for (const path of paths.flatMap(filesUnder)) {
    hash
      .update(path)
      .update("\0")
      .update(readFileSync(join(root, path)))
      .update("\0");
  }
  return hash.digest("hex");
}
