import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { topUpLease } from "../../src/billing/admission.ts";
import { finishRun } from "../../src/billing/billing.ts";
import { reopenRun } from "../../src/billing/reopen.ts";
import {
  admit,
  depsOf,
  finishOf,
  makeCappedKey,
  makeHolder,
  makeRun,
  makeStart,
  readAudit,
} from "./ledger-fixture.ts";

describe.each([
  ["was revoked", "revoked_at"],
  ["has expired", "expires_at"],
])("a key that %s", (_what, column) => {
  const newKey = async () => makeCappedKey(await makeHolder(100_000), {});
  const end = (keyId: string, at = Date.now() - 5_000) =>
    env.DB.prepare(`UPDATE virtual_keys SET ${column} = ?2 WHERE id = ?1`).bind(keyId, at).run();

  it("lets no run in", async () => {
    const holder = await newKey();
    await end(holder.virtualKeyId);
    for (const holdCredits of [0, 10]) {
      const refused = await admit(makeStart(holder), holdCredits);
      expect(refused).toMatchObject({ kind: "refused", code: "not_found" });
    }
    expect(await readAudit(holder.accountId)).toMatchObject({ held: 0, active: 0 });
  });

  it("reserves nothing more for a run under way, which keeps what it has", async () => {
    const holder = await newKey();
    const { runId } = (await makeRun(holder, 1_000)).context;
    await end(holder.virtualKeyId);
    const topUp = { runId, rev: 2, leaseCredits: 2_000 };
    expect(await topUpLease(env.DB, topUp)).toEqual({ granted: false });
    expect(await topUpLease(env.DB, topUp)).toEqual({ granted: false });
    expect(await readAudit(holder.accountId)).toMatchObject({ held: 1_000, active: 1 });
  });

  it("lets no run go on", async () => {
    const holder = await newKey();
    const start = await makeRun(holder, 1_000);
    await finishRun(depsOf(), finishOf(start, 2, { status: "error" }));
    await end(holder.virtualKeyId);
    const { runId } = start.context;
    const reopening = await reopenRun(env.DB, { runId, rev: 3, attempt: 1, holdCredits: 0 });
    expect(reopening).toMatchObject({ kind: "refused", code: "conflict" });
    expect(reopening).toMatchObject({ message: expect.stringContaining("key") });
    expect(await readAudit(holder.accountId)).toMatchObject({ held: 0, active: 0 });
  });
});

it("a key that will expire is alive until then", async () => {
  const holder = await makeCappedKey(await makeHolder(100_000), {});
  await env.DB.prepare("UPDATE virtual_keys SET expires_at = ?2 WHERE id = ?1")
    .bind(holder.virtualKeyId, Date.now() + 60_000)
    .run();
  expect(await admit(makeStart(holder), 10)).toMatchObject({ kind: "admitted" });
});
