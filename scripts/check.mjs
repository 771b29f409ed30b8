import { join } from "node:path";
import { buildClient } from "./build-client.mjs";
import { alone, ensureInstalled, run } from "./toolchain.mjs";

/** What CI runs. Every step runs, also after a failure, so that one run tells everything. */
await alone(async () => {
  ensureInstalled();
  await buildClient();
});

const typed = [".", "tests", "src/client", "tests/browser"];
const steps = [
  ["format", "oxfmt", ["--check", "."]],
  ["lint", "oxlint", ["--type-aware", "--deny-warnings", "."]],
  ...typed.map((folder) => [`types of ${folder}`, "tsc", ["-p", folder]]),
  ["tests", process.execPath, [join("scripts", "test.mjs")]],
  ["bundle", "wrangler", ["deploy", "--dry-run", "--outdir", join(".wrangler", "dry-run")]],
];

const failed = [];
for (const [name, command, args] of steps) {
  console.log(`\n== ${name}`);
  if ((await run(command, args)) !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`\nFailed: ${failed.join(", ")}`);
  process.exit(1);
}
console.log(`\nAll ${steps.length} steps passed.`);
