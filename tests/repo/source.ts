import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type ESTree, parseSync, Visitor, type VisitorObject } from "vite";

/** A file as the rules see it: path from the root of the repository, with slashes. Probes are made-up ones. */
export interface Source {
  path: string;
  text: string;
}

/** Something a rule found; printed as `path:line what`. */
export type Finding = string;

const root = fileURLToPath(new URL("../..", import.meta.url).href);
/** What tools leave behind, as `.gitignore` says. */
const skipped = new Set([".git", "node_modules", ".wrangler", "dist", "coverage", ".reports"]);

/** All files below the folders (not files) whose path passes. */
export function readSources(folders: readonly string[], passes: RegExp = /\.tsx?$/): Source[] {
  return folders
    .flatMap((folder) => [...pathsUnder(join(root, folder))])
    .map((path) => relative(root, path).replaceAll("\\", "/"))
    .filter((path) => passes.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

export function readSource(path: string): Source {
  return { path, text: readFileSync(join(root, path), "utf8") };
}

function* pathsUnder(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (skipped.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* pathsUnder(path);
    else if (entry.isFile()) yield path;
  }
}

/** Parses and visits; a file that does not parse fails the test that reads it. */
export function visit(source: Source, visitor: VisitorObject): void {
  new Visitor(visitor).visit(parse(source));
}

export function parse({ path, text }: Source): ESTree.Program {
  const { program, errors } = parseSync(path, text, {
    lang: path.endsWith("x") ? "tsx" : "ts",
    astType: "ts",
  });
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  return program;
}

export function at(source: Source, node: { start: number }, what: string): Finding {
  const line = source.text.slice(0, node.start).split("\n").length;
  return `${source.path}:${line} ${what}`;
}

/** `f` of `f()`, `o.f()` and `o?.f()`; null where the callee has no name. */
export function calleeName(call: ESTree.CallExpression): string | null {
  const { callee } = call;
  if (callee.type === "Identifier") return callee.name;
  if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return null;
  return callee.computed ? null : callee.property.name;
}
