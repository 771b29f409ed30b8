import { join } from "node:path";
import { alone, ensureInstalled, root, run } from "./toolchain.mjs";

await alone(async () => ensureInstalled());
process.exit(
  await run("node", [
    join(root, "tests", "faults", "process", "main.ts"),
    ...process.argv.slice(2),
  ]),
);
