import { join } from "node:path";
import { ensureAssetsDirectory } from "./build-client.mjs";
import { alone, ensureInstalled, root, run } from "./toolchain.mjs";

await alone(async () => {
  ensureInstalled();
  ensureAssetsDirectory();
});
process.exit(
  await run("node", [join(root, "tests", "bench", "main.ts"), ...process.argv.slice(2)]),
);
