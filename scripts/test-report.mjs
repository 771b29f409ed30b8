import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Sums the JSON reports of a test run, or those of one project. A file that could not be run counts as one failure: it
 * has no tests to count.
 */
export function countReports(directory, project = "") {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const name of readdirSync(directory)) {
    if (!name.endsWith(".json") || !name.includes(project)) continue;
    const report = JSON.parse(readFileSync(join(directory, name), "utf8"));
    sum.passed += report.numPassedTests;
    sum.failed += report.numFailedTests;
    sum.skipped += report.numPendingTests + report.numTodoTests;
    sum.failed += report.testResults.filter(isBrokenFile).length;
  }
  return sum;
}

function isBrokenFile({ status, assertionResults }) {
  return status === "failed" && !assertionResults.some((test) => test.status === "failed");
}
