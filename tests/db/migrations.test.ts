import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";

const names = readdirSync("migrations").toSorted();

function migrate(db: DatabaseSync, from: string, to: string): void {
  for (const name of names) {
    if (name >= from && name < to) db.exec(readFileSync(`migrations/${name}`, "utf8"));
  }
}

function insertRun(db: DatabaseSync, id: string, settlement: string, source = "litellm"): void {
  db.exec(
    `INSERT INTO graph_runs (id, billing_account_id, virtual_key_id, graph_id, model, trigger, request_id, request_hash,
       status, lease_credits, lease_open, created_at, finished_at)
     VALUES ('${id}', 'acct', 'key', 'langgraph:poet', 'm', 'api', 'r', 'h', 'success', 0, 0, 1, 2);
     INSERT INTO charge_receipts (id, billing_account_id, virtual_key_id, run_id, attempt, request_id, source_system,
       source_reference, usage_unit_id, graph_id, executor_type, trigger, receipt_kind, provenance, settlement,
       provider, model, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
       cost_usd, charged_credits, price_version, content_hash, created_at)
     VALUES ('rcpt_${id}', 'acct', 'key', '${id}', 0, 'r', '${source}', '${id}/0/u', 'u', 'langgraph:poet', 'inproc',
       'api', 'llm', 'estimate', '${settlement}', 'p', 'm', 0, 0, 0, 0, 0, '0', 0, 'v', '${"a".repeat(64)}', 1)`,
  );
}

it("has runs of before looked after whose receipts the gateway's log can still correct", () => {
  const db = new DatabaseSync(":memory:");
  migrate(db, "0001", "0004");
  db.exec("INSERT INTO billing_accounts (id, name) VALUES ('acct', 'A')");
  insertRun(db, "open", "unknown");
  insertRun(db, "estimated", "estimated");
  insertRun(db, "final", "final");
  insertRun(db, "elsewhere", "unknown", "demo");
  insertRun(db, "corrected", "estimated");
  db.exec(
    `INSERT INTO receipt_corrections (receipt_id, billing_account_id, reason, reference, settlement, provenance,
       input_tokens, output_tokens, cost_usd, charged_delta, created_at)
     VALUES ('rcpt_corrected', 'acct', 'correction', 'x', 'final', 'gateway_log', 0, 0, '0', 0, 1)`,
  );
  migrate(db, "0004", "9999");
  const reconciling = db
    .prepare("SELECT id FROM graph_runs WHERE reconciling = 1 ORDER BY id")
    .all();
  expect(reconciling.map(({ id }) => id)).toEqual(["estimated", "open"]);
});

it("keeps credits of before that share a reference, repeats both and lets no further one in", () => {
  const db = new DatabaseSync(":memory:");
  const post = (reason: string, credits: number) =>
    db.exec(
      `INSERT INTO credit_ledger (billing_account_id, amount_credits, balance_after_credits, reason, reference, created_at)
       SELECT id, ${credits}, balance_credits + ${credits}, '${reason}', 'r', 1 FROM billing_accounts`,
    );
  migrate(db, "0001", "0006");
  db.exec("INSERT INTO billing_accounts (id, name) VALUES ('acct', 'A')");
  post("top_up", 500);
  post("refund", 100);
  migrate(db, "0006", "9999");
  for (let time = 1; time <= 2; time += 1) {
    post("top_up", 500);
    post("refund", 100);
    expect(() => post("top_up", 501)).toThrow("ledger_conflict");
    expect(() => post("correction", 500)).toThrow("ledger_conflict");
  }
  expect(db.prepare("SELECT balance_credits AS balance FROM billing_accounts").all()).toEqual([
    { balance: 600 },
  ]);
});
