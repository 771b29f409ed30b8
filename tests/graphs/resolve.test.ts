import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resolveModel, resolveToolIds } from "../../graphs/runtime/resolve.ts";

describe("the model of a node", () => {
  it("is the run's model", () => {
    expect(resolveModel("planner", { model: "a", worker__model: "b" })).toBe("a");
  });

  it("is the node's own override where there is one", () => {
    expect(resolveModel("planner", { model: "a", planner__model: "b" })).toBe("b");
  });

  it.each([{}, { model: "" }, { model: 7 }, { model: null }])(
    "is a mistake in wiring when none is given: %j",
    (configurable) => {
      expect(() => resolveModel("planner", configurable)).toThrow(/no model/);
    },
  );
});

describe("the tools of a node", () => {
  const own = ["a", "b", "c"];

  it("are the graph's own when nothing narrows them", () => {
    expect(resolveToolIds("n", own, {})).toEqual(own);
    expect(resolveToolIds("n", own, { toolIds: null })).toEqual(own);
  });

  it("are those of the request, and of the node's override, that the graph has", () => {
    expect(resolveToolIds("n", own, { toolIds: ["b", "z"] })).toEqual(["b"]);
    expect(resolveToolIds("n", own, { n__toolIds: ["c", "z"] })).toEqual(["c"]);
    expect(resolveToolIds("n", own, { toolIds: ["a", "b"], n__toolIds: ["b", "c"] })).toEqual([
      "b",
    ]);
    expect(resolveToolIds("n", own, { other__toolIds: [] })).toEqual(own);
  });

  it("are none for an empty list and for a list that cannot be read", () => {
    expect(resolveToolIds("n", own, { toolIds: [] })).toEqual([]);
    expect(resolveToolIds("n", own, { n__toolIds: [] })).toEqual([]);
    expect(resolveToolIds("n", own, { toolIds: "a" })).toEqual([]);
    expect(resolveToolIds("n", own, { toolIds: { includes: true } })).toEqual([]);
  });

  it("are never more than the graph's own, whatever is asked for", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (toolIds, override) => {
        const resolved = resolveToolIds("n", own, { toolIds, n__toolIds: override });
        expect(own).toEqual(expect.arrayContaining([...resolved]));
      }),
    );
  });
});
