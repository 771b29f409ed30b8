import { existsSync } from "node:fs";
import { join } from "node:path";
import { countReports } from "./test-report.mjs";
import { root } from "./toolchain.mjs";

/** The closing lines of a CI run, counted from what the test runner wrote. */
const reports = join(root, ".reports");
const { passed, failed, skipped } = existsSync(reports)
  ? countReports(reports)
  : { passed: 0, failed: 1, skipped: 0 };
if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
