import { expect, it } from "vitest";
import { createGraphRunner } from "../../graphs/runtime/run-graph.ts";
import { toolSpecs } from "../../src/tools/catalog.ts";
import { deltasOf, scripted } from "./scripted.ts";

it("research plans, works in parallel and writes inside workerd", async () => {
  const run = scripted(({ nodeKey }) => ({
    text: nodeKey === "planner" ? "- first\n- second" : nodeKey,
  }));
  const outcome = await createGraphRunner({ toolSpecs }).run(run.invocation("research"));
  expect(outcome).toMatchObject({ kind: "final", content: "writer" });
  expect(run.requests.map(({ nodeKey }) => nodeKey)).toEqual([
    "planner",
    "worker",
    "worker",
    "writer",
  ]);
  expect(deltasOf(run.events, "worker")).toBe("workerworker");
});
