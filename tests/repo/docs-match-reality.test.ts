import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Finding, readSource, type Source } from "./source.ts";

interface Invariant {
  name: string;
  tests: readonly string[];
}

/** Rows of the table of invariants: `| NAME | what holds | tests/…/x.test.ts, … |`; its head is followed by a rule. */
function invariantsOf(design: Source): Invariant[] {
  const lines = design.text.split("\n");
  return lines
    .filter(
      (line, index) =>
        /^\|\s*`?[A-Z][A-Z0-9_]+\b/.test(line) && !/^\|[\s:|-]+$/.test(lines[index + 1] ?? ""),
    )
    .map((line) => line.split("|"))
    .map((cells) => ({
      name: (cells[1] ?? "").replaceAll("`", "").trim(),
      tests: [...(cells.at(-2) ?? "").matchAll(/tests\/[\w./-]+\.test\.tsx?/g)].map(
        ([path]) => path,
      ),
    }));
}

function unprovenInvariants(design: Source, exists: (path: string) => boolean): Finding[] {
  const invariants = invariantsOf(design);
  if (invariants.length === 0) return [`${design.path} has no table of invariants`];
  return invariants.flatMap(({ name, tests }) => {
    if (tests.length === 0) return [`${name} names no test`];
    return tests.filter((path) => !exists(path)).map((path) => `${name}: there is no ${path}`);
  });
}

/** Files that a document names and that do not exist. A name with a placeholder, such as `<name>` or `*`, is no file. */
function missingFiles({ path, text }: Source, exists: (path: string) => boolean): Finding[] {
  const named = text.matchAll(
    /(?<![\w./<>*-])(?:src|graphs|tests|scripts|migrations)\/[\w./-]+\.(?:tsx?|mjs|sql)\b/g,
  );
  return [...named].filter(([file]) => !exists(file)).map(([file]) => `${path} names ${file}`);
}

function missingScripts({ path, text }: Source, scripts: readonly string[]): Finding[] {
  return [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)]
    .map(([, named, short]) => named ?? short ?? "")
    .filter((name) => !scripts.includes(name))
    .map((name) => `${path} names the script ${name}`);
}

describe("DOCS_MATCH_REALITY", () => {
  const documents = () => ["DESIGN.md", "README.md"].map(readSource);

  it("every invariant of DESIGN.md names a test that exists", () => {
    expect(unprovenInvariants(readSource("DESIGN.md"), existsSync)).toEqual([]);
  });

  it("every file that DESIGN.md and README.md name exists", () => {
    expect(documents().flatMap((document) => missingFiles(document, existsSync))).toEqual([]);
  });

  it("every npm script that DESIGN.md and README.md name exists", () => {
    const { scripts } = JSON.parse(readSource("package.json").text) as { scripts: object };
    const names = Object.keys(scripts);
    expect(documents().flatMap((document) => missingScripts(document, names))).toEqual([]);
  });

  const probe = (text: string) => ({ path: "DESIGN.md", text });
  const row = "| ONE_LEDGER_WRITER | only billing writes | `tests/repo/a.test.ts` |";

  it("finds a missing table, a missing test and a row without a test", () => {
    const nothingExists = () => false;
    expect(unprovenInvariants(probe("# Words"), nothingExists)).toHaveLength(1);
    expect(
      unprovenInvariants(probe("| NAME | what | test |\n| --- | --- | --- |"), nothingExists),
    ).toHaveLength(1);
    expect(unprovenInvariants(probe(row), nothingExists)).toHaveLength(1);
    expect(unprovenInvariants(probe("| A_B | holds | |"), nothingExists)).toEqual([
      "A_B names no test",
    ]);
    expect(unprovenInvariants(probe(row), () => true)).toEqual([]);
  });

  it("finds each test of a row that names several", () => {
    const two = probe("| A_B | holds | tests/a.test.ts, tests/b.worker.test.ts |");
    expect(unprovenInvariants(two, (path) => path === "tests/a.test.ts")).toEqual([
      "A_B: there is no tests/b.worker.test.ts",
    ]);
  });

  it("finds a file and a script that are gone", () => {
    const text = "see `src/gone.ts` and `graphs/<name>/graph.ts`, run `npm run gone` or `npm test`";
    expect(missingFiles(probe(text), () => false)).toEqual(["DESIGN.md names src/gone.ts"]);
    expect(missingScripts(probe(text), ["test"])).toEqual(["DESIGN.md names the script gone"]);
  });
});
