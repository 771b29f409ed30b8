import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { createGraphRunner } from "../../graphs/runtime/run-graph.ts";
import type { CheckpointStorage, InterruptAnswer } from "../../src/ports/graph-runner.ts";
import { toolSpecs } from "../../src/tools/catalog.ts";
import { deltasOf, scripted } from "./scripted.ts";

type Work<T> = (storage: CheckpointStorage) => Promise<T>;

/** A RunObject's storage; each piece of work runs inside the object, as its I/O must. */
function newRunObject(): <T>(work: Work<T>) => Promise<T> {
  const stub = env.RUNS.get(env.RUNS.newUniqueId());
  return (work) => runInDurableObject(stub, (_instance, { storage }) => work(storage));
}

it("research plans, works in parallel and writes inside workerd", async () => {
  const run = scripted(({ nodeKey }) => ({
    text: nodeKey === "planner" ? "- first\n- second" : nodeKey,
  }));
  const inRunObject = newRunObject();
  const outcome = await inRunObject((checkpoints) =>
    createGraphRunner({ toolSpecs }).run(run.invocation("research", { checkpoints })),
  );
  expect(outcome).toMatchObject({ kind: "final", content: "writer" });
  expect(run.requests.map(({ nodeKey }) => nodeKey)).toEqual([
    "planner",
    "worker",
    "worker",
    "writer",
  ]);
  expect(deltasOf(run.events, "worker")).toBe("workerworker");
});

it("approval asks, waits in a RunObject's storage and goes on there with the answer", async () => {
  const run = scripted(({ nodeKey }) => ({ text: nodeKey }));
  const inRunObject = newRunObject();
  const invoke = (answer: InterruptAnswer | null) =>
    inRunObject((checkpoints) =>
      createGraphRunner({ toolSpecs }).run(run.invocation("approval", { checkpoints, answer })),
    );
  const asked = await invoke(null);
  const [question] = asked.kind === "interrupted" ? asked.interrupts : [];
  expect(question?.value).toMatchObject({ draft: "drafter" });
  const answer = { interruptId: question?.interruptId ?? "", value: "shorter" };
  const outcome = await invoke(answer);
  expect(outcome).toMatchObject({ kind: "final", content: "finisher" });
  expect(await invoke(answer)).toEqual(outcome);
  expect(run.requests.map(({ nodeKey }) => nodeKey)).toEqual(["drafter", "finisher"]);
});

it("the checkpoints of a run of one call are three rows", async () => {
  const run = scripted(() => ({ text: "a rose" }));
  const runner = createGraphRunner({ toolSpecs });
  const rowsWritten = await newRunObject()(async (storage) => {
    const cursors: { readonly rowsWritten: number }[] = [];
    const checkpoints: CheckpointStorage = {
      sql: {
        exec: (query, ...bindings) => {
          const cursor = storage.sql.exec(query, ...bindings);
          cursors.push(cursor as unknown as { readonly rowsWritten: number });
          return cursor as never;
        },
      },
      transactionSync: (work) => storage.transactionSync(work),
    };
    const other = { model: "m", runId: "run_0", attempt: 0 };
    await runner.run(run.invocation("poet", { checkpoints, configurable: other }));
    // The table is there now.
    cursors.length = 0;
    await runner.run(run.invocation("poet", { checkpoints }));
    return cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0);
  });
  // Its first step, the question in it, and what the node wrote.
  expect(rowsWritten).toBe(3);
});
