import { describe, expect, it } from "vitest";
import { cyclesOf, type Import, importsOf, reachableFrom } from "./imports.ts";
import { type ImportRule, importRules, loadRules } from "./imports.rules.ts";
import { readSources } from "./source.ts";

const imports = readSources(["src", "graphs"])
  .filter(({ path }) => !path.startsWith("src/hosts/"))
  .flatMap(importsOf);

function violations(rule: ImportRule, edges: readonly Import[]): string[] {
  return edges
    .filter(({ path, target, kind }) => {
      if (!rule.files.test(path) || !(rule.kinds?.includes(kind) ?? true)) return false;
      return rule.forbids.test(target) && !(rule.allows?.test(target) ?? false);
    })
    .map(({ path, target, kind }) => `${path} -> ${target} (${kind})`);
}

describe.each(importRules)("$name", (rule) => {
  it("holds in the tree", () => {
    expect(violations(rule, imports)).toEqual([]);
  });

  it("bites", () => {
    const edges = importsOf({ path: rule.probe.path, text: rule.probe.code });
    expect(violations(rule, edges)).toHaveLength(1);
  });
});

describe.each(loadRules)("$name", ({ entry, neverLoads }) => {
  const loadedAgainstRule = (edges: readonly Import[]) =>
    [...reachableFrom(entry, edges)]
      .filter(([path]) => neverLoads.test(path))
      .map(([, way]) => way.join(" -> "));

  it("holds in the tree", () => {
    expect(loadedAgainstRule(imports)).toEqual([]);
  });

  it("bites two steps away", () => {
    const edges = [
      ...importsOf({ path: entry, text: `export * from "./between.ts";` }),
      ...importsOf({
        path: entry.replace(/[^/]+$/, "between.ts"),
        text: `import "@langchain/langgraph/web";`,
      }),
    ];
    expect(loadedAgainstRule(edges)).toHaveLength(1);
  });
});

describe("import cycles", () => {
  const withoutTypes = (edges: readonly Import[]) => edges.filter(({ kind }) => kind !== "type");

  it("there are none", () => {
    expect(cyclesOf(withoutTypes(imports)).map((cycle) => cycle.join(" -> "))).toEqual([]);
  });

  it("are found over three files, also through a dynamic import", () => {
    const edges = [
      { path: "src/a.ts", text: `import { b } from "./b.ts";` },
      { path: "src/b.ts", text: `export * from "./c.ts";` },
      { path: "src/c.ts", text: `await import("./a.ts");` },
    ].flatMap(importsOf);
    expect(cyclesOf(edges)).toEqual([["src/a.ts", "src/b.ts", "src/c.ts", "src/a.ts"]]);
  });

  it("do not include cycles of types, which are gone after compilation", () => {
    const edges = [
      { path: "src/a.ts", text: `import type { B } from "./b.ts";` },
      { path: "src/b.ts", text: `import { a } from "./a.ts";` },
    ].flatMap(importsOf);
    expect(cyclesOf(withoutTypes(edges))).toEqual([]);
  });
});

describe("reading imports", () => {
  const kindOf = (text: string) => importsOf({ path: "src/x.tsx", text })[0]?.kind;

  it.each([
    [`import { a } from "./a.ts";`, "value"],
    [`import a, { type B } from "./a.ts";`, "value"],
    [`import "./a.ts";`, "value"],
    [`export * from "./a.ts";`, "value"],
    [`export { a } from "./a.ts";`, "value"],
    [`import type { A } from "./a.ts";`, "type"],
    [`import { type A } from "./a.ts";`, "type"],
    [`export type { A } from "./a.ts";`, "type"],
    [`export { type A } from "./a.ts";`, "type"],
    [`type A = import("./a.ts").A;`, "type"],
    [`const a = <div>{import("./a.ts")}</div>;`, "dynamic"],
    [`// import { a } from "./a.ts";`, undefined],
  ])("%s is %s", (text, kind) => {
    expect(kindOf(text)).toBe(kind);
  });
});
