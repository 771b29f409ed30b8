import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildClient, ensureAssetsDirectory } from "./build-client.mjs";
import { filesUnder } from "./files-under.mjs";
import { countReports } from "./test-report.mjs";
import { alone, ensureInstalled, root, run } from "./toolchain.mjs";

/**
 * `npm test` runs everything; `npm test -- <name>…` what a name finds: test files whose path contains it, otherwise tests
 * whose own name does. With an option (`npm test -- -t "refuses"`) all arguments go to vitest as they are.
 */
const reports = join(root, ".reports");
const args = process.argv.slice(2);
const howToGetChromium =
  "Browser tests were skipped. They need Chromium: `apt-get install -y chromium` on Debian and Ubuntu,\n" +
  "or CHROMIUM_PATH=/path/to/chromium.";

await alone(async () => ensureInstalled());
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
ensureAssetsDirectory();

const passes = planPasses(args);
const usesBrowser = passes.some(({ projects }) => projects.includes("browser"));
if (usesBrowser) await alone(buildClient);

let exit = 0;
for (const [index, { projects, options }] of passes.entries()) {
  const report = join(reports, `${index + 1}-${projects.join("-")}.json`);
  const code = await run("vitest", [
    "run",
    "--passWithNoTests",
    ...projects.flatMap((project) => ["--project", project]),
    ...["--reporter", "default", "--reporter", "json", `--outputFile.json=${report}`],
    ...options,
  ]);
  // A run that broke down before its report must not look like one without failures.
  exit ||= existsSync(report) ? code : code || 1;
}
process.exit(summarise());

function summarise() {
  const { passed, failed, skipped } = countReports(reports);
  console.log(
    `\nIn all projects ${passed} tests passed, ${failed} failed, ${skipped} did not run.`,
  );
  const isByName = passes.some(({ options }) => options.includes("-t"));
  if (usesBrowser && !isByName && countReports(reports, "browser").skipped > 0)
    console.log(howToGetChromium);
  if (passed + failed === 0) {
    console.error(`No test matched ${args.map((name) => JSON.stringify(name)).join(" ")}.`);
    return 1;
  }
  return exit || (failed > 0 ? 1 : 0);
}

/** Chromium tests run after the others, not beside them: two cores do not carry both. */
function planPasses(names) {
  if (names.length === 0) return groupsOf(testFiles(), []);
  if (names.some((name) => name.startsWith("-"))) return groupsOf(testFiles(), names);
  const found = new Set();
  const passes = [];
  for (const name of names) {
    const files = testFiles().filter((file) => file.includes(name));
    if (files.length === 0) passes.push(...groupsOf(testFiles(), ["-t", escapeRegExp(name)]));
    for (const file of files) found.add(file);
  }
  for (const group of groupsOf([...found], [])) {
    const files = [...found].filter((file) => group.projects.includes(projectOf(file)));
    passes.push({ ...group, options: files });
  }
  return passes;
}

function groupsOf(files, options) {
  const projects = new Set(files.map(projectOf));
  return [["node", "workers"], ["browser"]]
    .map((group) => ({ projects: group.filter((project) => projects.has(project)), options }))
    .filter((group) => group.projects.length > 0);
}

/** As the globs of `vitest.config.ts` say. */
function projectOf(file) {
  if (file.startsWith(join("tests", "browser"))) return "browser";
  return file.endsWith(".worker.test.ts") ? "workers" : "node";
}

function testFiles() {
  return filesUnder("tests").filter((file) => file.endsWith(".test.ts"));
}

function escapeRegExp(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
