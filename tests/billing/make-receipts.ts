import { createAccount } from "../../src/billing/credits.ts";
import { withoutTriggers } from "./without-triggers.ts";

/** 40 combinations of graph, model and trigger; the same number of receipts has each. */
export const graphs = ["poet", "ponderer", "assistant", "research", "approval"].map(
  (name) => `langgraph:${name}`,
);
export const models = ["demo/small", "demo/large", "a/fast", "b/deep"];
export const triggers = ["chat", "schedule"] as const;
/** One run, the oldest, has these; no other has any of them. */
export const rare = { graphId: "langgraph:rare", model: "rare/model", trigger: "webhook" } as const;

export const days = 90;
const dayMs = 86_400_000;
const receiptsPerRun = 10;
/** Credits of each receipt. */
const charge = 1_000;
/** A transaction of this size takes a second or two; whole runs only. */
const receiptsPerBatch = 50_000;

/** From ?1 to before ?2, as `n.i`. Bound numbers arrive as REAL, whose division keeps the fraction. */
const numbers = `WITH RECURSIVE n (i) AS (SELECT CAST(?1 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)`;

const pick = (values: readonly string[], index: string) =>
  `CASE (${index}) % ${values.length} ${values.map((value, i) => `WHEN ${i} THEN '${value}'`).join(" ")} END`;
const orRare = (value: string, usual: string, run: string) =>
  `CASE ${run} WHEN 0 THEN '${value}' ELSE ${usual} END`;

const graphOf = (run: string) => orRare(rare.graphId, pick(graphs, run), run);
const triggerOf = (run: string) =>
  orRare(rare.trigger, pick(triggers, `${run} / ${graphs.length}`), run);

// ?3 account, ?4 key, ?5 time of the first, ?6 milliseconds between two receipts, ?7 receipts in all.
/** Part of every id, so that two accounts' ids differ; short, because every index holds them. */
const mark = "substr(?3, -8)";
const runTime = `?5 + CAST(i * ${receiptsPerRun} * ?6 AS INTEGER)`;
const callsOfRun = `min(${receiptsPerRun}, CAST(?7 AS INTEGER) - i * ${receiptsPerRun})`;
const insertRuns = `${numbers}
INSERT INTO graph_runs (id, billing_account_id, virtual_key_id, graph_id, model, trigger, request_id, request_hash,
  status, lease_credits, lease_open, call_count, input_tokens, output_tokens, charged_credits, created_at, started_at,
  finished_at)
SELECT 'run_' || ${mark} || '_' || i, ?3, ?4, ${graphOf("i")}, '${models[0]}', ${triggerOf("i")}, 'req_' || i, 'hash',
  'success', 0, 0, ${callsOfRun}, 10 * ${callsOfRun}, 20 * ${callsOfRun}, ${charge} * ${callsOfRun},
  ${runTime}, ${runTime}, ${runTime}
FROM n`;

const insertReceipts = `${numbers}
INSERT INTO charge_receipts (id, billing_account_id, virtual_key_id, run_id, attempt, request_id, source_system,
  source_reference, usage_unit_id, graph_id, executor_type, trigger, receipt_kind, provenance, settlement, provider,
  model, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd,
  charged_credits, price_version, content_hash, created_at)
SELECT 'rcpt_' || ${mark} || '_' || printf('%08d', i), ?3, ?4, run, 0, 'req_' || r, 'demo', run || '/0/unit-' || i,
  'unit-' || i, ${graphOf("r")}, 'inproc', ${triggerOf("r")}, 'llm', 'usage', 'final', 'demo',
  ${orRare(rare.model, pick(models, "i"), "r")}, 10, 20, 0, 0, 0, '0.0001', ${charge}, 'usage*10000bp',
  printf('%064d', i), ?5 + CAST(i * ?6 AS INTEGER)
FROM (SELECT i, i / ${receiptsPerRun} AS r, 'run_' || ${mark} || '_' || (i / ${receiptsPerRun}) AS run FROM n)`;

const insertEntries = `${numbers}
INSERT INTO credit_ledger (billing_account_id, amount_credits, balance_after_credits, reason, reference, receipt_id,
  created_at)
SELECT ?3, -${charge}, -${charge} * (i + 1), 'charge',
  'demo:run_' || ${mark} || '_' || (i / ${receiptsPerRun}) || '/0/unit-' || i,
  'rcpt_' || ${mark} || '_' || printf('%08d', i), ?5 + CAST(i * ?6 AS INTEGER)
FROM n`;

const insertUsage = (table: string, time: string, unitMs: number) => `
INSERT INTO ${table} (billing_account_id, ${time}, graph_id, model, trigger, runs, calls, charged_credits,
  input_tokens, output_tokens)
SELECT ?1, at / ${unitMs}, graph_id, model, trigger, sum(runs), sum(calls), ${charge} * sum(calls), 10 * sum(calls),
  20 * sum(calls)
FROM (
  SELECT created_at AS at, graph_id, model, trigger, 0 AS runs, 1 AS calls FROM charge_receipts
  WHERE billing_account_id = ?1
  UNION ALL
  SELECT finished_at, graph_id, model, trigger, 1, 0 FROM graph_runs WHERE billing_account_id = ?1)
GROUP BY at / ${unitMs}, graph_id, model, trigger`;

/**
 * A new account with so many receipts, ten a run, spread evenly over the 90 days before `end` (ms). Entries, balance and
 * rollups are computed apart from the triggers, which take a hundred times as long: the triggers are set aside within each
 * transaction, and the audit confirms that what was computed is what they would have posted.
 */
export async function makeReceipts(
  db: D1Database,
  { receipts, end }: { receipts: number; end: number },
): Promise<{ accountId: string; virtualKeyId: string }> {
  const { accountId, virtualKeyId } = await createAccount(db, { name: "Large", now: end });
  const from = end - days * dayMs;
  const msPerReceipt = (days * dayMs) / receipts;
  for (let first = 0; first < receipts; first += receiptsPerBatch) {
    const last = Math.min(first + receiptsPerBatch, receipts);
    const shared = [accountId, virtualKeyId, from, msPerReceipt] as const;
    const runs = [Math.ceil(first / receiptsPerRun), Math.ceil(last / receiptsPerRun)] as const;
    await withoutTriggers(db, [
      db.prepare(insertRuns).bind(...runs, ...shared, receipts),
      db.prepare(insertReceipts).bind(first, last, ...shared),
      db.prepare(insertEntries).bind(first, last, ...shared),
    ]);
  }
  await withoutTriggers(db, [
    db.prepare(insertUsage("usage_hourly", "hour", 3_600_000)).bind(accountId),
    db.prepare(insertUsage("usage_daily", "day", dayMs)).bind(accountId),
    db
      .prepare("UPDATE billing_accounts SET balance_credits = ?2 WHERE id = ?1")
      .bind(accountId, -charge * receipts),
  ]);
  return { accountId, virtualKeyId };
}
