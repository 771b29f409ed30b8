import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { chargedUnderCaps, setAccountCaps } from "../../src/billing/account-caps.ts";
import { topUpLease } from "../../src/billing/admission.ts";
import { commitUsageFacts, finishRun } from "../../src/billing/billing.ts";
import { reopenRun } from "../../src/billing/reopen.ts";
import { addCredits } from "../../src/billing/credits.ts";
import { receiptIdOf, sourceReference } from "../../src/billing/pricing.ts";
import {
  admit,
  assertBalanced,
  depsOf,
  finishOf,
  makeCappedKey,
  makeFact,
  makeHolder,
  makeRun,
  makeStart,
  readAudit,
  type Holder,
} from "./ledger-fixture.ts";

const dayMs = 86_400_000;
const none = { maxCreditsPerDay: null, maxCreditsPerMonth: null };
/** 1,000 credits each. */
const priceCredits = 1_000;

/** The same day of the month before; months have at least 28 days. */
function lastMonth(): number {
  return Date.now() - 32 * dayMs;
}

/** Charges one call that was made then. */
async function charge(holder: Holder, at: number) {
  const start = await makeRun(holder);
  const fact = makeFact(start, { occurredAt: new Date(at).toISOString() });
  await finishRun(depsOf(), finishOf(start, 2, { facts: [fact] }));
  return fact;
}

const limits: [string, (cap: number) => Promise<Holder>, number][] = [
  ["account's limit for a day", accountWith("maxCreditsPerDay"), Date.now() - 2 * dayMs],
  ["account's limit for a month", accountWith("maxCreditsPerMonth"), lastMonth()],
  ["key's limit for a day", keyWith("day"), Date.now() - 2 * dayMs],
  ["key's limit for a month", keyWith("month"), lastMonth()],
];

function accountWith(name: "maxCreditsPerDay" | "maxCreditsPerMonth") {
  return async (cap: number) => {
    const holder = await makeHolder(100_000);
    await setAccountCaps(env.DB, holder.accountId, { ...none, [name]: cap });
    return holder;
  };
}

function keyWith(period: "day" | "month") {
  return async (cap: number) => makeCappedKey(await makeHolder(100_000), { [period]: cap });
}

describe.each(limits)("the %s", (name, holderWith, before) => {
  it("counts what was charged in its period and what is held, and nothing of other periods", async () => {
    const holder = await holderWith(3 * priceCredits);
    await charge(holder, before);
    await charge(holder, Date.now());
    await makeRun(holder, 1_500);
    const refused = await admit(makeStart(holder), 501);
    expect(refused).toMatchObject({ kind: "refused", code: "insufficient_credits" });
    expect(refused).toMatchObject({ message: expect.stringContaining(name) });
    expect(await admit(makeStart(holder), 500)).toMatchObject({ kind: "admitted" });
  });

  it("lets exactly three of twenty runs in at once where there is room for three", async () => {
    const holder = await holderWith(3 * priceCredits);
    const starts = Array.from({ length: 20 }, () => makeStart(holder));
    const admissions = await Promise.all(starts.map((start) => admit(start, priceCredits)));
    expect(admissions.filter(({ kind }) => kind === "admitted")).toHaveLength(3);
  });

  it("holds for top-ups and for runs that go on", async () => {
    const holder = await holderWith(2_000);
    const run = await makeRun(holder, 1_000);
    const { runId } = run.context;
    const topUp = (rev: number, leaseCredits: number) =>
      topUpLease(env.DB, { runId, rev, leaseCredits });
    expect(await topUp(2, 2_001)).toEqual({ granted: false });
    expect(await topUp(3, 2_000)).toEqual({ granted: true });
    const fact = makeFact(run, { occurredAt: new Date().toISOString() });
    await finishRun(depsOf(), finishOf(run, 4, { status: "error", facts: [fact] }));
    const retry = (rev: number, holdCredits: number) =>
      reopenRun(env.DB, { runId, rev, attempt: 1, holdCredits });
    expect(await retry(5, 1_001)).toMatchObject({ kind: "refused", code: "insufficient_credits" });
    expect(await retry(6, 1_000)).toMatchObject({ kind: "reopened" });
  });

  it("gives back what a correction takes off", async () => {
    const holder = await holderWith(2_000);
    const fact = await charge(holder, Date.now());
    expect(await admit(makeStart(holder), 1_500)).toMatchObject({ kind: "refused" });
    await addCredits(depsOf(), {
      ...{
        accountId: holder.accountId,
        credits: 600,
        reason: "refund",
        reference: fact.usageUnitId,
      },
      receiptId: receiptIdOf(fact.source, sourceReference(fact)),
    });
    expect(await admit(makeStart(holder), 1_600)).toMatchObject({ kind: "admitted" });
    assertBalanced(await readAudit(holder.accountId));
  });
});

describe("an account's first cap", () => {
  it("knows what was charged before, and again after it was taken away for a while", async () => {
    const holder = await makeHolder(100_000);
    const { accountId } = holder;
    const caps = { maxCreditsPerDay: 2_500, maxCreditsPerMonth: 4_000 };
    await charge(holder, Date.now());
    await charge(holder, lastMonth());
    expect(await setAccountCaps(env.DB, accountId, caps)).toBe(true);
    const charged = () => chargedUnderCaps(env.DB, accountId, caps, Date.now());
    expect(await charged()).toEqual({ today: 1_000, thisMonth: 1_000 });
    await setAccountCaps(env.DB, accountId, none);
    await charge(holder, Date.now());
    expect(await chargedUnderCaps(env.DB, accountId, none, Date.now())).toEqual({
      ...{ today: null, thisMonth: null },
    });
    await setAccountCaps(env.DB, accountId, caps);
    expect(await charged()).toEqual({ today: 2_000, thisMonth: 2_000 });
    expect(await admit(makeStart(holder), 501)).toMatchObject({ kind: "refused" });
    assertBalanced(await readAudit(accountId));
  });

  it("is changed without losing count, and is unknown to accounts that do not exist", async () => {
    const holder = await makeHolder(100_000);
    await setAccountCaps(env.DB, holder.accountId, { ...none, maxCreditsPerDay: 1 });
    await charge(holder, Date.now()).catch(() => {});
    await setAccountCaps(env.DB, holder.accountId, { ...none, maxCreditsPerDay: 5_000 });
    await charge(holder, Date.now());
    assertBalanced(await readAudit(holder.accountId));
    expect(await setAccountCaps(env.DB, "acct_none", none)).toBe(false);
  });

  it("never stops a receipt: a call that was made is charged, also beyond the cap", async () => {
    const holder = await makeHolder(100_000);
    await setAccountCaps(env.DB, holder.accountId, { ...none, maxCreditsPerDay: 500 });
    const run = await makeRun(holder, 500);
    const fact = makeFact(run, { occurredAt: new Date().toISOString() });
    const { committed } = await commitUsageFacts(depsOf(), [fact]);
    expect(committed).toHaveLength(1);
    expect(await admit(makeStart(holder))).toMatchObject({ code: "insufficient_credits" });
  });
});

it("a key's caps never change", async () => {
  const { virtualKeyId } = await makeCappedKey(await makeHolder(0), { day: 5 });
  const write = env.DB.prepare("UPDATE virtual_keys SET max_credits_per_day = 6 WHERE id = ?1");
  await expect(write.bind(virtualKeyId).run()).rejects.toThrow("key_identity_is_fixed");
});
