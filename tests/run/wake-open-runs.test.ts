import { describe, expect, it } from "vitest";
import type { Env } from "../../src/env.ts";
import { wakeOpenRuns } from "../../src/run/wake-open-runs.ts";
import { World } from "../faults/in-process/world.ts";
import { RecordingLog } from "../logs.ts";
import { visitedRun } from "./visited-run.ts";

describe("the tick that wakes open runs", () => {
  it("reaches every one of them in the end, though a hundred older ones stay open", async () => {
    const { d1, start } = await World.create({ steps: [] });
    const { billingAccountId, virtualKeyId } = start.context;
    for (let index = 0; index < 101; index += 1) {
      d1.all(
        `INSERT INTO graph_runs (id, billing_account_id, virtual_key_id, thread_id, graph_id, model, trigger,
           request_id, request_hash, status, lease_credits, lease_open, created_at)
         VALUES (?, ?, ?, ?, 'langgraph:poet', 'm', 'api', 'r', 'h', 'running', 0, 1, ?)`,
        `run_${index}`,
        billingAccountId,
        virtualKeyId,
        `thr_${index}`,
        index,
      );
    }
    const woken = new Set<string>();
    const env = { DB: d1.database } as unknown as Env;
    for (let tick = 1; tick <= 10; tick += 1) {
      await wakeOpenRuns(env, {
        clock: { now: () => 1_000_000 + tick * 60_000 },
        log: new RecordingLog(),
        runOf: (runId) =>
          visitedRun({
            wake: async () => {
              woken.add(runId);
              return true;
            },
          }),
      });
    }
    expect(woken.size).toBe(101);
  });
});
