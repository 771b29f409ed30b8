import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { commitUsageFacts } from "../../src/billing/billing.ts";
import { reconcileRun } from "../../src/billing/reconcile.ts";
import { createLitellmSpendLog } from "../../src/completion/litellm-spend-log.ts";
import type { GatewayLogEntry } from "../fake-gateway/server.ts";
import {
  assertBalanced,
  depsOf,
  makeFact,
  makeHolder,
  makeRun,
  readAudit,
} from "./ledger-fixture.ts";
import { silentLog } from "../logs.ts";

const baseUrl = String(env.GATEWAY_BASE_URL);
const hour = 3_600_000;

/** A call of this run, made past the product, so that only the gateway knows of it. */
async function callGateway(runId: string, callId: string): Promise<GatewayLogEntry> {
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: "POST",
    headers: {
      "x-litellm-call-id": callId,
      "x-litellm-spend-logs-metadata": JSON.stringify({ runledger_dispatch_id: callId }),
    },
    body: JSON.stringify({
      ...{ model: "fake/model", user: `${runId}/0` },
      messages: [{ role: "user", content: "hello" }],
    }),
  });
  await response.text();
  const log = await fetch(`${baseUrl.replace(/\/v1$/, "")}/_log?user=${runId}`);
  const entry = (await log.json<GatewayLogEntry[]>()).find((call) => call.callId === callId);
  if (entry === undefined) throw new Error("the gateway has no such call");
  return entry;
}

describe("reconciliation in workerd, with the real D1", () => {
  it("fills, corrects, finds and voids, and the books close", async () => {
    const holder = await makeHolder(1_000_000);
    const start = await makeRun(holder);
    const { runId } = start.context;
    const open = { source: "litellm", model: "fake/model", provenance: "estimate" } as const;
    await commitUsageFacts(depsOf(), [
      makeFact(start, { ...open, usageUnitId: "call_e-1", settlement: "estimated" }),
      makeFact(start, { ...open, usageUnitId: "dispatch:call_u-1", settlement: "unknown" }),
      makeFact(start, { ...open, usageUnitId: "dispatch:call_v-1", settlement: "unknown" }),
    ]);
    const calls = [];
    for (const callId of ["call_e-1", "call_u-1", "call_f-1"]) {
      calls.push(await callGateway(runId, callId));
    }
    const now = Date.now();
    const look = async () =>
      reconcileRun(
        {
          ...depsOf(),
          clock: { now: () => now + hour },
          spendLog: createLitellmSpendLog({ baseUrl, apiKey: "sk-test", log: silentLog }),
          describeModel: () => null,
        },
        {
          ...{ context: start.context, executorType: "inproc", dispatches: [] },
          ...{ startedAt: now, endedAt: now },
        },
      );
    const first = await look();
    const kinds = first.kind === "read" ? first.calls.map(({ kind }) => kind).toSorted() : [];
    expect(kinds).toEqual(["corrected", "filled", "found", "voided"]);
    expect(await look()).toMatchObject({ calls: [], waiting: [], missing: [], isComplete: true });

    const { results } = await env.DB.prepare(
      `SELECT coalesce(c.cost_usd, r.cost_usd) AS cost FROM charge_receipts r
       LEFT JOIN receipt_corrections c ON c.receipt_id = r.id WHERE r.run_id = ?1`,
    )
      .bind(runId)
      .all<{ cost: string }>();
    const costs = results.map(({ cost }) => cost).toSorted();
    expect(costs).toEqual([...calls.map(({ costUsd }) => costUsd), "0"].toSorted());
    assertBalanced(await readAudit(holder.accountId));
  });
});
