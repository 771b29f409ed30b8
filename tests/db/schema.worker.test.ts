import { env } from "cloudflare:workers";
import { is } from "drizzle-orm";
import { getTableConfig, SQLiteTable } from "drizzle-orm/sqlite-core";
import { describe, expect, it } from "vitest";
import * as schema from "../../src/db/schema.ts";

const described: SQLiteTable[] = Object.values(schema).filter((table) => is(table, SQLiteTable));

/** Every table, with the triggers that guard it. A migration that rebuilds a table loses its triggers without a word. */
const expected: Record<string, string[]> = {
  access_identities: [],
  billing_accounts: [
    "accounts_balance",
    "accounts_capped",
    "accounts_fixed",
    "accounts_guard",
    "accounts_no_delete",
    "accounts_start",
  ],
  charge_receipts: [
    "receipts_guard",
    "receipts_no_delete",
    "receipts_no_update",
    "receipts_owner",
    "receipts_post",
    "receipts_spend",
  ],
  credit_ledger: [
    "ledger_cause",
    "ledger_checks",
    "ledger_guard",
    "ledger_no_delete",
    "ledger_no_update",
    "ledger_one_credit",
    "ledger_post",
  ],
  graph_runs: [
    "runs_count",
    "runs_fixed",
    "runs_guard",
    "runs_hold_insert",
    "runs_hold_update",
    "runs_no_delete",
    "runs_reopened",
    "runs_start",
  ],
  messages: [],
  receipt_corrections: [
    "corrections_guard",
    "corrections_no_delete",
    "corrections_no_update",
    "corrections_owner",
    "corrections_post",
    "corrections_spend",
  ],
  schedules: [],
  spend_by_period: [],
  threads: [],
  usage_daily: [],
  usage_hourly: [],
  virtual_keys: ["keys_caps_fixed", "keys_fixed", "keys_guard", "keys_no_delete", "keys_start"],
};

interface Column {
  name: string;
  type: string;
  notnull: 0 | 1;
  pk: number;
}

async function columnsOf(table: string): Promise<Column[]> {
  // table_xinfo, because table_info hides generated columns.
  const { results } = await env.DB.prepare(
    'SELECT name, type, "notnull", pk FROM pragma_table_xinfo(?1)',
  )
    .bind(table)
    .all<Column>();
  return results;
}

describe("the database after all migrations", () => {
  it("has exactly these tables, all STRICT", async () => {
    const { results } = await env.DB.prepare(
      `SELECT name, strict FROM pragma_table_list
       WHERE type = 'table' AND schema = 'main' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%'
         AND name <> 'd1_migrations' ORDER BY name`,
    ).all<{ name: string; strict: 0 | 1 }>();
    expect(results).toEqual(Object.keys(expected).map((name) => ({ name, strict: 1 })));
  });

  it.each(Object.entries(expected))("has exactly these triggers on %s", async (table, triggers) => {
    const { results } = await env.DB.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?1 ORDER BY name",
    )
      .bind(table)
      .all<{ name: string }>();
    expect(results.map(({ name }) => name)).toEqual(triggers);
  });

  it("is what drizzle describes: the same tables", () => {
    const names = described.map((table) => getTableConfig(table).name);
    expect(names.toSorted()).toEqual(Object.keys(expected));
  });

  it.each(described.map((table) => [getTableConfig(table).name, table] as const))(
    "is what drizzle describes: columns, types and nulls of %s",
    async (name, table) => {
      const { columns, primaryKeys } = getTableConfig(table);
      const composite = new Set(
        primaryKeys.flatMap((key) => key.columns.map((column) => column.name)),
      );
      const real = (await columnsOf(name)).map((column) => ({
        name: column.name,
        type: column.type.replace(" GENERATED ALWAYS", ""),
        required: column.notnull === 1 || column.pk > 0,
        key: column.pk > 0,
      }));
      expect(
        columns.map((column) => ({
          name: column.name,
          type: column.getSQLType().toUpperCase(),
          required: column.notNull || column.primary,
          key: column.primary || composite.has(column.name),
        })),
      ).toEqual(real);
    },
  );

  it("is what drizzle describes: indexes, their columns and which are unique", async () => {
    const { results } = await env.DB.prepare(
      `SELECT l.name, l."unique" AS is_unique, group_concat(c.name) AS columns
       FROM json_each(?1) t, pragma_index_list(t.value) l, pragma_index_info(l.name) c
       WHERE l.origin = 'c' GROUP BY l.name ORDER BY l.name`,
    )
      .bind(JSON.stringify(Object.keys(expected)))
      .all<{ name: string; is_unique: 0 | 1; columns: string }>();
    const drawn = described.flatMap((table) =>
      getTableConfig(table).indexes.map(({ config }) => ({
        name: config.name,
        is_unique: config.unique ? 1 : 0,
        columns: config.columns.map((column) => ("name" in column ? column.name : "")).join(","),
      })),
    );
    expect(drawn.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual(results);
  });
});

describe("the plan of what happens often", () => {
  const plans: [string, string, string][] = [
    [
      "the active run of a thread",
      "SELECT 1 FROM graph_runs r WHERE r.thread_id = 'x' AND r.status IN ('pending', 'running', 'interrupted')",
      "graph_runs_active",
    ],
    [
      "a page of runs",
      "SELECT * FROM graph_runs WHERE billing_account_id = 'x' ORDER BY created_at DESC, id DESC LIMIT 20",
      "graph_runs_account",
    ],
    [
      "a page of receipts",
      "SELECT * FROM charge_receipts WHERE billing_account_id = 'x' ORDER BY created_at DESC, id DESC LIMIT 20",
      "charge_receipts_account",
    ],
    [
      "the newest entry of an account",
      "SELECT * FROM credit_ledger e WHERE e.billing_account_id = 'x' ORDER BY e.id DESC LIMIT 1",
      "credit_ledger_account",
    ],
    [
      "due schedules",
      "SELECT * FROM schedules WHERE enabled = 1 AND next_run_at <= 5 ORDER BY next_run_at LIMIT 50",
      "schedules_due",
    ],
    [
      "the active runs of a schedule",
      "SELECT * FROM graph_runs WHERE schedule_id = 'x' AND status IN ('pending', 'running', 'interrupted')",
      "graph_runs_schedule_active",
    ],
    [
      "the runs of a schedule",
      "SELECT * FROM graph_runs WHERE schedule_id = 'x' ORDER BY created_at DESC, id DESC LIMIT 3",
      "graph_runs_schedule",
    ],
  ];
  it.each(plans)("%s is a walk along an index, without a sort", async (_, sql, index) => {
    const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`).all<{ detail: string }>();
    const plan = results.map(({ detail }) => detail).join("\n");
    expect(plan).toContain(index);
    expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
  });
});
