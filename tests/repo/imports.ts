import { posix } from "node:path";
import type { ESTree } from "vite";
import { type Source, visit } from "./source.ts";

/**
 * One edge of the import graph. `target` is a path of the repository, or `npm:name`/`node:name` for a package.
 * - `value`: loaded with the module, so it also counts for cycles and for what a start-up pulls in
 * - `type`: gone after compilation
 * - `dynamic`: loaded when reached
 */
export interface Import {
  path: string;
  target: string;
  kind: "value" | "type" | "dynamic";
}

/** All imports of a file: static, re-exports, `import("…")` in code and in types. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  const add = (specifier: string, kind: Import["kind"]) =>
    found.push({ path: source.path, target: resolve(source.path, specifier), kind });
  visit(source, {
    ImportDeclaration(node) {
      const isType = node.importKind === "type" || allTypes(node.specifiers, "importKind");
      add(node.source.value, isType ? "type" : "value");
    },
    ExportNamedDeclaration(node) {
      if (node.source === null) return;
      const isType = node.exportKind === "type" || allTypes(node.specifiers, "exportKind");
      add(node.source.value, isType ? "type" : "value");
    },
    ExportAllDeclaration(node) {
      add(node.source.value, node.exportKind === "type" ? "type" : "value");
    },
    ImportExpression(node) {
      add(literal(node.source) ?? "./?computed", "dynamic");
    },
    TSImportType(node) {
      add(node.source.value, "type");
    },
  });
  return found;
}

function allTypes(specifiers: readonly object[], key: "importKind" | "exportKind"): boolean {
  return (
    specifiers.length > 0 &&
    specifiers.every((specifier) => key in specifier && Reflect.get(specifier, key) === "type")
  );
}

function literal(node: ESTree.Expression): string | null {
  return node.type === "Literal" && typeof node.value === "string" ? node.value : null;
}

function resolve(path: string, specifier: string): string {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(path), specifier);
  return /^(node|cloudflare):/.test(specifier) ? specifier : `npm:${specifier}`;
}

/** Every cycle of the given edges once, as the paths along it. */
export function cyclesOf(imports: readonly Import[]): string[][] {
  const edges = Map.groupBy(imports, (edge) => edge.path);
  const done = new Set<string>();
  const cycles: string[][] = [];
  const walk = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path);
    if (start >= 0) return void cycles.push([...trail.slice(start), path]);
    if (done.has(path)) return;
    for (const { target } of edges.get(path) ?? []) walk(target, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) walk(path, []);
  return cycles;
}

/** What is loaded when `entry` is loaded, with the way that leads there. */
export function reachableFrom(entry: string, imports: readonly Import[]): Map<string, string[]> {
  const edges = Map.groupBy(
    imports.filter(({ kind }) => kind === "value"),
    ({ path }) => path,
  );
  const ways = new Map([[entry, [entry]]]);
  for (const [path, way] of ways) {
    for (const { target } of edges.get(path) ?? []) {
      if (!ways.has(target)) ways.set(target, [...way, target]);
    }
  }
  return ways;
}
