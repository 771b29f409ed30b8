import { describe, expect, it } from "vitest";
import { type Finding, readSources, type Source } from "./source.ts";

const linesMax = 400;
const testLinesMax = 600;

// Written with a class in each pattern, so that this file does not find itself.
const leftovers: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["a path of one machine", /(?<![\w.])\/(roo[t]|hom[e]|User[s]|wor[k])\/[\w.]/],
  ["a path of one machine", /\b[A-Z]:\\{1,2}User[s]\b/],
  [
    "a registry's host",
    /\bregistr[y]\.[a-z]+\.[a-z]+|\b(npmj[s]|pyp[i]|crate[s])\.(org|io|com)\b/i,
  ],
  ["how it was made", /co-authored-b[y]:|generate[d] (by|with) (an? )?(ai|llm|assistant)\b/i],
  ["a specification kept elsewhere", /\bshare[d]\/(mission|design|api|style|platform)\b/],
  ["something unfinished", /\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b/],
];

const focusedOrSkipped = /\b(it|test|describe|bench|suite)\.(onl[y]|ski[p]|tod[o])\b/;

function findings({ path, text }: Source): Finding[] {
  const lines = text.split("\n");
  const patterns = path.endsWith(".test.ts")
    ? [...leftovers, ["a test that does not run", focusedOrSkipped] as const]
    : leftovers;
  return patterns.flatMap(([what, pattern]) =>
    lines.flatMap((line, index) =>
      pattern.test(line) ? [`${path}:${index + 1} has ${what}: ${line.trim().slice(0, 80)}`] : [],
    ),
  );
}

function tooLong({ path, text }: Source): Finding[] {
  const max = path.startsWith("tests/") ? testLinesMax : linesMax;
  const count = text.trimEnd().split("\n").length;
  return count > max ? [`${path} has ${count} lines, at most ${max}`] : [];
}

describe("the repository", () => {
  // The lockfile is included: it must not name the host that the packages came from.
  const everything = readSources(
    ["."],
    /\.(tsx?|mjs|sql|md|toml|json|css|sh|html|yml)$|^\.ci\/run$/,
  );

  it("names no machine, no registry, nothing unfinished and no test that does not run", () => {
    expect(everything.flatMap(findings)).toEqual([]);
  });

  it("has no file that is too long to be one idea", () => {
    const code = everything.filter(({ path }) => /\.(tsx?|mjs|sql)$/.test(path));
    expect(code.flatMap(tooLong)).toEqual([]);
  });

  it.each([
    ["const path = '/hom", "e/me/x';"],
    ["see registr", "y.example.org"],
    ["Co-Authored-B", "y: someone"],
    ["// TOD", "O later"],
    ["it.onl", "y('x', f);"],
    ["describe.ski", "p('x', f);"],
    ["as in ../share", "d/api.md"],
  ])("refuses %s%s", (start, end) => {
    expect(findings({ path: "tests/x.test.ts", text: start + end })).toHaveLength(1);
  });

  it("refuses a file beyond the limit", () => {
    expect(tooLong({ path: "src/x.ts", text: "a\n".repeat(linesMax + 1) })).toHaveLength(1);
    expect(tooLong({ path: "src/x.ts", text: "a\n".repeat(linesMax) })).toEqual([]);
  });
});
