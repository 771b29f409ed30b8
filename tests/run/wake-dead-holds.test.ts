import { expect, it } from "vitest";
import type { Env } from "../../src/env.ts";
import { wakeDeadHolds } from "../../src/run/wake-dead-holds.ts";
import { World } from "../faults/in-process/world.ts";
import { RecordingLog } from "../logs.ts";
import { visitedRun } from "./visited-run.ts";

it("wakes every run of a dead hold, though the object of one cannot be reached", async () => {
  const { d1, start } = await World.create({ steps: [] });
  const { billingAccountId, virtualKeyId } = start.context;
  const runIds = ["a", "b", "c"].map((letter) => `run_${letter.repeat(26)}`);
  for (const runId of runIds) {
    d1.all(
      `INSERT INTO graph_runs (id, billing_account_id, virtual_key_id, graph_id, model, trigger, request_id,
         request_hash, status, lease_credits, lease_open, created_at)
       VALUES (?, ?, ?, 'langgraph:poet', 'm', 'api', 'r', 'h', 'running', 5, 1, 0)`,
      ...[runId, billingAccountId, virtualKeyId],
    );
    d1.all("UPDATE graph_runs SET status = 'success' WHERE id = ?", runId);
  }
  const woken: string[] = [];
  const log = new RecordingLog();
  await wakeDeadHolds({ DB: d1.database } as unknown as Env, {
    clock: { now: () => 1_000_000 },
    log,
    catalogs: { models: { models: [], defaultModelId: "", find: () => null } },
    runOf: (runId) =>
      visitedRun({
        wake: () => {
          if (runId === runIds[0]) return Promise.reject(new TypeError("unreachable"));
          woken.push(runId);
          return Promise.resolve(true);
        },
      }),
  });
  expect(woken).toEqual(runIds.slice(1));
  expect(log.lines.filter(({ event }) => event === "run.visit_failed")).toMatchObject([
    { fields: { runId: runIds[0], bug: "TypeError" } },
  ]);
});
