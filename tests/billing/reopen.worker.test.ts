import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { finishRun } from "../../src/billing/billing.ts";
import { reopenRun } from "../../src/billing/reopen.ts";
import type { StartRun } from "../../src/ports/run.ts";
import {
  admit,
  assertBalanced,
  depsOf,
  eager,
  finishOf,
  makeFact,
  makeHolder,
  makeRun,
  makeStart,
  readAudit,
  spyOn,
} from "./ledger-fixture.ts";

async function stopped(
  status: "interrupted" | "error" | "cancelled",
  credits = 10_000,
): Promise<StartRun> {
  const run = await makeRun(await makeHolder(credits), 2_000);
  const finishedAt = status === "interrupted" ? null : 5;
  const end = { status, finishedAt, output: null, assistantMessage: null, facts: [makeFact(run)] };
  await finishRun(depsOf(), finishOf(run, 2, end));
  return run;
}

describe("reopening a run", () => {
  it.each([
    ["interrupted", 0],
    ["error", 1],
    ["cancelled", 1],
  ] as const)("takes a new hold once for a run that is %s", async (status, attempt) => {
    const { context } = await stopped(status);
    const wish = { runId: context.runId, rev: 3, attempt, holdCredits: 4_000 };
    const reopened = { kind: "reopened", leaseCredits: 5_000, chargedCredits: 1_000 };
    const spy = spyOn(["after"]);
    expect(await reopenRun(spy.db, wish, eager)).toMatchObject({
      kind: "reopened",
      leaseCredits: 5_000,
    });
    expect(await reopenRun(env.DB, wish)).toEqual(reopened);
    expect(spy.batches).toBe(2);
    const audit = await readAudit(context.billingAccountId);
    expect(audit).toMatchObject({ balance: 9_000, held: 4_000, active: 1 });
    assertBalanced(audit);
  });

  it("is refused without credit for it, which uses its number up: sent late, it changes nothing", async () => {
    const { context } = await stopped("error", 3_000);
    const wish = { runId: context.runId, rev: 3, attempt: 1, holdCredits: 2_001 };
    for (let time = 1; time <= 2; time += 1) {
      expect(await reopenRun(env.DB, wish)).toMatchObject({ code: "insufficient_credits" });
    }
    const affordable = { ...wish, holdCredits: 2_000 };
    expect(await reopenRun(env.DB, affordable)).toMatchObject({ kind: "refused" });
    expect(await readAudit(context.billingAccountId)).toMatchObject({ held: 0, active: 0 });
    expect(await reopenRun(env.DB, { ...affordable, rev: 4 })).toMatchObject({ kind: "reopened" });
  });

  it("is refused while another run of the thread is active", async () => {
    const run = await stopped("error");
    const { context, threadId } = run;
    const holder = { accountId: context.billingAccountId, virtualKeyId: context.virtualKeyId };
    await admit(makeStart(holder, { threadId, isNewThread: false }));
    const wish = { runId: context.runId, rev: 3, attempt: 1, holdCredits: 0 };
    expect(await reopenRun(env.DB, wish)).toMatchObject({ kind: "refused", code: "conflict" });
  });

  it("is refused for a wrong attempt, a stale revision, a run that goes on, and none at all", async () => {
    const { context } = await stopped("error");
    const wish = { runId: context.runId, rev: 3, attempt: 1, holdCredits: 0 };
    expect(await reopenRun(env.DB, { ...wish, rev: 1 })).toMatchObject({ code: "conflict" });
    expect(await reopenRun(env.DB, { ...wish, attempt: 0 })).toMatchObject({ code: "conflict" });
    expect(await reopenRun(env.DB, { ...wish, rev: 4, attempt: 2 })).toMatchObject({
      code: "conflict",
    });
    expect(await reopenRun(env.DB, { ...wish, runId: "run_none" })).toMatchObject({
      code: "not_found",
    });
    expect(await reopenRun(env.DB, { ...wish, rev: 5 })).toMatchObject({ kind: "reopened" });
    expect(await reopenRun(env.DB, { ...wish, rev: 6, attempt: 2 })).toMatchObject({
      code: "conflict",
    });
  });

  it("counts a retried run once", async () => {
    const run = await stopped("error");
    await reopenRun(env.DB, { runId: run.context.runId, rev: 3, attempt: 1, holdCredits: 0 });
    await finishRun(depsOf(), finishOf(run, 4));
    const { billingAccountId } = run.context;
    const runs = await env.DB.prepare(
      "SELECT sum(runs) AS n FROM usage_hourly WHERE billing_account_id = ?1",
    )
      .bind(billingAccountId)
      .first("n");
    expect(runs).toBe(1);
  });
});
