import { describe, expect, it } from "vitest";
import { defaultGraphName, graphCatalog } from "../../graphs/catalog.ts";
import { readQuestions } from "../../graphs/research/plan.ts";
import { toolCatalog } from "../../src/tools/catalog.ts";

describe("the catalog", () => {
  it("has the default graph, and every name once", () => {
    const names = graphCatalog.map(({ name }) => name);
    expect(names).toContain(defaultGraphName);
    expect(new Set(names).size).toBe(names.length);
  });

  it("names only tools that exist", () => {
    for (const toolId of graphCatalog.flatMap(({ toolIds }) => toolIds)) {
      expect(toolCatalog.has(toolId)).toBe(true);
    }
  });

  it("is plain data", () => {
    expect(JSON.parse(JSON.stringify(graphCatalog))).toEqual(graphCatalog);
  });
});

describe("the questions of a plan", () => {
  it.each([
    ["- one\n- two", ["one", "two"]],
    ["Here is the plan:\n1. one\n2) two\n\nGood luck", ["one", "two"]],
    ["one\r\n\n  two  ", ["one", "two"]],
    ["- a\n- b\n- c\n- d\n- e", ["a", "b", "c", "d"]],
    ["", ["asked"]],
    [" \n ", ["asked"]],
  ])("in %j are %j", (plan, questions) => {
    expect(readQuestions(plan, "asked")).toEqual(questions);
  });
});
