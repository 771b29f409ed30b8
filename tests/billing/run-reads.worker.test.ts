import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { readRunReceipts } from "../../src/billing/run-receipts.ts";
import { getRunRow, listReceipts } from "../../src/billing/statement.ts";
import { countReads } from "./count-reads.ts";
import { makeReceipts } from "./make-receipts.ts";

/** What is asked of one run must not cost more for an account that has made many. */
const readsMax = 40;
const reader = countReads(env.DB);
let accountId: string;
let runId: string;

beforeAll(async () => {
  ({ accountId } = await makeReceipts(env.DB, { receipts: 2_000, end: Date.UTC(2026, 5, 1) }));
  const row = await env.DB.prepare(
    "SELECT id FROM graph_runs WHERE billing_account_id = ?1 LIMIT 1",
  )
    .bind(accountId)
    .first<{ id: string }>();
  runId = row?.id ?? "";
  reader.take();
}, 60_000);

describe("of a large account, one run's reading", () => {
  it("of its receipts, for a person, is as many rows as it has receipts", async () => {
    expect(await listReceipts(reader.db, accountId, runId)).toHaveLength(10);
    expect(reader.take()).toBeLessThanOrEqual(readsMax);
  });

  it("of its receipts, to hold them against the gateway's log, is too", async () => {
    const run = { runId, billingAccountId: accountId, source: "demo" } as const;
    expect(await readRunReceipts({ db: reader.db }, run)).toHaveLength(10);
    expect(reader.take()).toBeLessThanOrEqual(readsMax);
  });

  it("of its row is one", async () => {
    expect(await getRunRow(reader.db, accountId, runId)).not.toBeNull();
    expect(reader.take()).toBe(1);
  });
});
