import { describe, expect, it } from "vitest";
import { newId } from "../../src/base/ids.ts";
import type { Env } from "../../src/env.ts";
import { reconcileStragglers } from "../../src/run/reconcile-stragglers.ts";
import { wakeOpenRuns } from "../../src/run/wake-open-runs.ts";
import { World } from "../faults/in-process/world.ts";
import { RecordingLog } from "../logs.ts";
import { visitedRun } from "./visited-run.ts";

const hour = 60 * 60_000;

/** Runs as D1 has them: so many that go on, so many that ended and are not reconciled. */
async function crowd(open: number, unreconciled: number) {
  const { d1, start } = await World.create({ steps: [] });
  const { billingAccountId, virtualKeyId } = start.context;
  const add = (id: string, status: string, isOpen: number) =>
    d1.all(
      `INSERT INTO graph_runs (id, billing_account_id, virtual_key_id, graph_id, model, trigger, request_id, request_hash,
         status, lease_credits, lease_open, reconciling, created_at, finished_at)
       VALUES (?, ?, ?, 'langgraph:poet', 'm', 'api', 'r', 'h', ?, 0, ?, ?, 1, ?)`,
      ...[id, billingAccountId, virtualKeyId, status, isOpen, 1 - isOpen, isOpen === 1 ? null : 2],
    );
  for (let index = 0; index < open; index += 1) add(newId("run"), "running", 1);
  for (let index = 0; index < unreconciled; index += 1) add(newId("run"), "error", 0);
  return { d1, env: { DB: d1.database } as unknown as Env };
}

describe("the hourly round of runs that are not reconciled", () => {
  it("comes to all of them in the end, though none of them ever gets anywhere", async () => {
    const { env } = await crowd(0, 500);
    const visited = new Set<string>();
    const deps = {
      ...{ log: new RecordingLog(), clock: { now: () => 10 * hour } },
      runOf: (runId: string) =>
        visitedRun({
          reconcile: async () => {
            visited.add(runId);
            return true;
          },
        }),
    };
    for (let tick = 0; tick < 200 && visited.size < 500; tick += 1)
      await reconcileStragglers(env, deps);
    expect(visited.size).toBe(500);
  });

  it("sends no more than a thousand messages together with the other round of its tick", async () => {
    const { env } = await crowd(1_000, 1_000);
    let messages = 0;
    const answer = async () => {
      messages += 1;
      return true;
    };
    const runOf = () => visitedRun({ wake: answer, reconcile: answer });
    const deps = { log: new RecordingLog(), clock: { now: () => 10 * hour }, runOf };
    await Promise.all([wakeOpenRuns(env, deps), reconcileStragglers(env, deps)]);
    // Six pages of a hundred, and two.
    expect(messages).toBe(800);
  });

  it("gives up a run that nobody has any more, and says so", async () => {
    const { d1, env } = await crowd(0, 1);
    const log = new RecordingLog();
    const lost = visitedRun({ reconcile: async () => false });
    const deps = { log, clock: { now: () => 10 * hour }, runOf: () => lost };
    await reconcileStragglers(env, deps);
    expect(log.lines).toMatchObject([{ level: "error", event: "run.lost" }]);
    expect(d1.all("SELECT id FROM graph_runs WHERE reconciling = 1")).toEqual([]);
  });
});
